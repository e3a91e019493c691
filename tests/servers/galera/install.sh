#!/bin/bash
# install.sh: Debian's MariaDB server with Galera, and wsrep_sst_rsync, by which a node gets its data from
# another one. That comes in a package whose service is not wanted, and is unpacked aside.
. "$(dirname "$0")/../common.sh"

install() {
    local prefix=$installed/galera new=$installed/galera.new
    [ ! -x "$prefix/usr/bin/wsrep_sst_rsync" ] || return 0 # another did it while this one waited
    rm -rf "$new"
    mkdir -p "$new"
    (cd "$new" && apt-get -qq -o APT::Sandbox::User= download mariadb-server && dpkg-deb -x mariadb-server_*.deb .) >&2
    rm -f "$new"/*.deb
    # its rsync is started by whoever starts the server, root perhaps, and would give up its rights
    [ "$(id -u)" -ne 0 ] ||
        sed -i 's/^use chroot = no$/uid = root\ngid = root\nuse chroot = no/' "$new/usr/bin/wsrep_sst_rsync"
    rm -rf "$prefix"
    mv "$new" "$prefix"
}
[ -x /usr/sbin/mariadbd ] && [ -x /usr/bin/mariadb ] && [ -e /usr/lib/galera/libgalera_smm.so ] &&
    [ -x /usr/bin/rsync ] || install_packages mariadb-server-core mariadb-client galera-4 rsync
[ -x "$installed/galera/usr/bin/wsrep_sst_rsync" ] || with_lock galera install
