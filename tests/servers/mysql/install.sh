#!/bin/bash
# install.sh: Debian sid's mysqld, and its mysqldump; with MYSQL_VERSION, that version's mysqld from Ubuntu's archive.
. "$(dirname "$0")/../common.sh"
. "$(dirname "$0")/../archive.sh"

newest() {
    local prefix=$installed/mysql new=$installed/mysql.new archive
    [ ! -x "$prefix/mysqldump" ] || return 0 # another did it while this one waited
    unpack_from_sid "$new" mysql-server-core mysql-client-core
    for archive in "$new.apt"/archives/mysql-client-core*.deb; do
        dpkg-deb --fsys-tarfile "$archive" | tar -x -C "$new" ./usr/bin/mysqldump
    done
    by_own_loader "$new" mysqldump usr/bin/mysqldump
    finish
}

older() {
    local prefix=$installed/mysql$MYSQL_VERSION new=$installed/mysql$MYSQL_VERSION.new
    [ ! -x "$prefix/mysqld" ] || return 0 # another did it while this one waited
    unpack_from_ubuntu "${release% *}" "$new" "${release#* }"
    finish
}

finish() {
    by_own_loader "$new" mysqld usr/sbin/mysqld
    "$new/mysqld" --no-defaults --version >&2
    rm -rf "$new.apt" "$prefix"
    mv "$new" "$prefix"
}

if [ -z "${MYSQL_VERSION:-}" ]; then
    [ -x "$installed/mysql/mysqldump" ] || with_lock mysql newest
    exit
fi
declare -A releases=([5.7]='bionic mysql-server-core-5.7' [8.0]='noble mysql-server-core-8.0'
    [8.4]='resolute mysql-server-core')
release=${releases[$MYSQL_VERSION]:?there is no MySQL $MYSQL_VERSION}
[ -x "$installed/mysql$MYSQL_VERSION/mysqld" ] || with_lock "mysql$MYSQL_VERSION" older
