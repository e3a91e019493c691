# Sourced by what starts MySQL of Debian sid, or of MYSQL_VERSION, after common.sh and mysqld.sh: the program and
# its options.
# shellcheck shell=bash disable=SC2034,SC2154
usr=$installed/mysql${MYSQL_VERSION:-}/usr mysqld=$installed/mysql${MYSQL_VERSION:-}/mysqld
args=(--no-defaults --user="$(id -un)" --basedir="$usr" --lc-messages-dir="$usr/share/mysql"
    --character-sets-dir="$usr/share/mysql/charsets" --plugin-dir="$usr/lib/mysql/plugin"
    "${quick[@]}" --table-definition-cache=4096 --skip-log-bin --secure-file-priv=NULL)
if [ "${MYSQL_VERSION:-}" != 5.7 ]; then
    args+=(--innodb-log-writer-threads=OFF --schema-definition-cache=4096 --tablespace-definition-cache=4096 --mysqlx=OFF)
    without_tls=(--tls-version=) # MySQL 9 has no --skip-ssl any more
fi

initialise_mysql() {
    echo 'CREATE DATABASE test;' >"$dir/init.sql"
    "$mysqld" "${args[@]}" --initialize-insecure --init-file="$dir/init.sql" --datadir="$1"
}
