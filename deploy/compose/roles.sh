#!/bin/sh
# Run once by the image of Postgres, when the database is made: the application's login, which `smelt migrate` takes as
# it is.
set -eu
psql --no-psqlrc --set ON_ERROR_STOP=1 --set password="$APP_PASSWORD" \
    --username "${POSTGRES_USER:-postgres}" --dbname "$POSTGRES_DB" <<'SQL'
create role smelt_app login noinherit password :'password';
SQL
