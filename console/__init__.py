"""What a terminal needs: tables, pictures in half blocks, triage, streaming in and out. Decides nothing itself."""
