# Sourced after common.sh by what takes a server from another release of Debian, or of Ubuntu: it is unpacked aside,
# with the libraries that it needs, that release's own libc included. Nothing of it is installed on this system,
# whose apt gives only its mirror, its ways to reach it, and the archive's keyring.
# Needs apt and dpkg-deb only; root is not needed. DEBIAN_SUITE, DEBIAN_MIRROR, UBUNTU_MIRROR: another suite or mirror.
# shellcheck shell=bash

# unpack_from_sid FOLDER PACKAGE...: unpacks packages of Debian sid and all that they depend on; their archives stay
# in FOLDER.apt/archives until the caller removes FOLDER.apt.
unpack_from_sid() {
    local mirror
    # the mirror that this system itself uses
    mirror=${DEBIAN_MIRROR:-$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.{list,sources} 2>/dev/null |
        sed -nE 's,^(URIs:|deb( \[[^]]*\])?) +(https?://[^ ]+/debian/?)( .*)?$,\3,p' | sed 1q || true)}
    mirror=${mirror:?no Debian mirror in the apt sources of this system}
    unpack "$mirror" "${DEBIAN_SUITE:-sid}" /usr/share/keyrings/debian-archive-keyring.gpg "$@"
}

# unpack_from_ubuntu RELEASE FOLDER PACKAGE...: the same of an Ubuntu release with its updates. Debian has the keyring of
# Ubuntu's archive.
unpack_from_ubuntu() {
    local release=$1 keys=$2.keys
    shift
    unpack_from_sid "$keys" ubuntu-archive-keyring
    unpack "${UBUNTU_MIRROR:-http://archive.ubuntu.com/ubuntu}" "$release $release-updates" \
        "$keys/usr/share/keyrings/ubuntu-archive-keyring.gpg" "$@"
    rm -rf "$keys" "$keys.apt"
}

# unpack MIRROR SUITES KEYRING FOLDER PACKAGE...
unpack() {
    local mirror=$1 suites=$2 keyring=$3 new=$4 apt=$4.apt suite package archive
    shift 4
    rm -rf "$new" "$apt"
    mkdir -p "$new" "$apt"/{lists/partial,archives/partial,empty}
    for suite in $suites; do
        echo "deb [arch=amd64 signed-by=$keyring] $mirror $suite main"
    done >"$apt/sources.list"
    # what the server itself never runs counts as installed: perl is for helper scripts, debconf for
    # maintainer scripts, which aren't run
    for package in perl perl-base debconf; do
        printf '%s\n' "Package: $package" 'Status: install ok installed' 'Version: 999:1' \
            'Architecture: amd64' 'Multi-Arch: allowed' 'Maintainer: none' 'Description: stand-in' ''
    done >"$apt/status"
    configuration "$apt" >"$apt/apt.conf"
    APT_CONFIG=$apt/apt.conf apt-get -qq update >&2
    APT_CONFIG=$apt/apt.conf apt-get -qq --yes --download-only -o Dpkg::Use-Pty=0 install "$@" >&2
    for archive in "$apt"/archives/*.deb; do
        dpkg-deb --fsys-tarfile "$archive" | tar -x -C "$new" --exclude=./usr/bin --exclude=./usr/share/doc \
            --exclude=./usr/share/man --exclude=./usr/share/locale --exclude=./usr/share/lintian \
            --exclude=./usr/share/i18n --exclude=./usr/lib/x86_64-linux-gnu/gconv
    done
}

# by_own_loader FOLDER NAME PROGRAM: a script that runs a program by its release's own loader with its own libraries
# only. Older releases have a part of them in /lib.
by_own_loader() {
    local name=''
    # loaders before glibc 2.33 cannot set it
    ! grep -qF -e --argv0 "$1"/{usr/,}lib/x86_64-linux-gnu/ld-linux-x86-64.so.2 2>/dev/null || name="--argv0 \"\$r/$3\""
    cat >"$1/$2" <<SH
#!/bin/sh
r=\$(dirname "\$(realpath "\$0")")
for loader in "\$r/usr/lib" "\$r/lib"; do
    loader=\$loader/x86_64-linux-gnu/ld-linux-x86-64.so.2
    [ ! -e "\$loader" ] || break
done
exec "\$loader" --inhibit-cache \\
    --library-path "\$r/usr/lib/x86_64-linux-gnu:\$r/lib/x86_64-linux-gnu:\$r/usr/lib/mysql/private" $name "\$r/$3" "\$@"
SH
    chmod 755 "$1/$2"
}

# configuration FOLDER: for an apt that keeps everything in FOLDER
configuration() {
    cat <<CONF
Dir::State "$1";
Dir::State::lists "$1/lists";
Dir::State::status "$1/status";
Dir::State::extended_states "$1/extended_states";
Dir::Cache "$1";
Dir::Cache::archives "$1/archives";
Dir::Etc::main "$1/none";
Dir::Etc::parts "$1/empty";
Dir::Etc::sourcelist "$1/sources.list";
Dir::Etc::sourceparts "$1/empty";
Dir::Etc::preferences "$1/none";
Dir::Etc::preferencesparts "$1/empty";
Dir::Log "$1";
APT::Architecture "amd64";
APT::Architectures { "amd64"; };
APT::Install-Recommends "false";
APT::Sandbox::User "";
Acquire::Languages "none";
Acquire::PDiffs "false";
Acquire::Retries "3";
CONF
    # of the system's own settings how it reaches its mirror, and whether it takes one past its valid-until
    # date; not its hooks (images for containers empty the system's archives in one)
    apt-config dump | grep -E '^Acquire::(https?|proxy|ForceIPv|Check-Valid-Until)' || true
}
