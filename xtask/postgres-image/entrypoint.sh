#!/usr/bin/env bash
# Starts PostgreSQL the way the official image does, as far as testcontainers can tell: the same
# variables, the same messages on the same streams, options for the server as arguments.
set -euo pipefail

# A server of its own, that nobody outside can reach, makes the user's database. It says on standard
# output, and the real one on standard error, that it is ready; who waits for both waits long enough.
initialise() {
    local user=${POSTGRES_USER:-postgres}
    local database=${POSTGRES_DB:-$user}
    local method=${POSTGRES_HOST_AUTH_METHOD:-scram-sha-256}
    if [[ -z ${POSTGRES_PASSWORD:-} && $method != trust ]]; then
        echo "POSTGRES_PASSWORD is not set, and POSTGRES_HOST_AUTH_METHOD is not 'trust'" >&2
        exit 1
    fi
    # What is tested against this is thrown away: nothing has to reach the disk.
    initdb --no-sync --username="$user" --pwfile=<(echo "${POSTGRES_PASSWORD:-unused}") \
        --auth-local=trust --auth-host="$method"
    echo "host all all all $method" >>"$PGDATA/pg_hba.conf"
    echo "listen_addresses = '*'" >>"$PGDATA/postgresql.conf"
    pg_ctl --wait --options="-c listen_addresses=''" start
    if [[ $database != postgres ]]; then
        createdb --username="$user" --maintenance-db=postgres -- "$database"
    fi
    pg_ctl --wait --mode=fast stop
}

if [[ $# -eq 0 || $1 == -* ]]; then
    set -- postgres "$@"
fi
if [[ $1 != postgres ]]; then
    exec "$@"
fi
if [[ ! -s $PGDATA/PG_VERSION ]]; then
    initialise
fi
# What asks for an end (TERM) asks PostgreSQL not to wait for its clients (INT).
exec dumb-init --single-child --rewrite 15:2 -- "$@"
