# Sourced by what starts Debian sid's MySQL, after common.sh and mysqld.sh: the program and its options.
# shellcheck shell=bash disable=SC2034,SC2154
usr=$installed/mysql/usr mysqld=$installed/mysql/mysqld
args=(--no-defaults --user="$(id -un)" --basedir="$usr" --lc-messages-dir="$usr/share/mysql"
    --character-sets-dir="$usr/share/mysql/charsets" --plugin-dir="$usr/lib/mysql/plugin"
    "${quick[@]}" --innodb-log-writer-threads=OFF --schema-definition-cache=4096 --tablespace-definition-cache=4096
    --table-definition-cache=4096 --skip-log-bin --mysqlx=OFF --secure-file-priv=NULL)
without_tls=(--tls-version=) # it has no --skip-ssl any more

initialise_mysql() {
    echo 'CREATE DATABASE test;' >"$dir/init.sql"
    "$mysqld" "${args[@]}" --initialize-insecure --init-file="$dir/init.sql" --datadir="$1"
}
