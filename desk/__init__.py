"""What a person works with, whatever they look at: choices of cases, judgements as keys, what is shown, figures."""
