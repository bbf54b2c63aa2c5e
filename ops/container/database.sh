#!/bin/sh
# Run once, when the database is made: the role of the workers owns its database and is no superuser, for a superuser
# runs programs at the server. To be one: docker compose exec --user postgres database psql
psql --username postgres --no-psqlrc --set ON_ERROR_STOP=1 <<'SQL'
\getenv password MEKIKI_PASSWORD
CREATE ROLE mekiki LOGIN PASSWORD :'password';
CREATE DATABASE mekiki OWNER mekiki;
SQL
