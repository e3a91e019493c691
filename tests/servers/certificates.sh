#!/bin/bash
# certificates.sh DIR: makes what TLS needs, unless it is there:
#   ca.pem                         signs the two below
#   server.pem, server-key.pem     for 127.0.0.1 only, so `localhost` is a name that does not match
#   client.pem, client-key.pem     of a client named `client`
#   unrelated-ca.pem               signs none of them
. "$(dirname "$0")/common.sh"
dir=$(realpath -m "${1:?DIR}")
[ ! -f "$dir/done" ] || exit 0
command -v openssl >/dev/null || install_packages openssl
mkdir -p "$dir"
cd "$dir"

# authority NAME
authority() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 365 \
        -subj "/CN=$1" -addext keyUsage=critical,keyCertSign,cRLSign -keyout "$1-key.pem" -out "$1.pem"
}

# signed NAME SUBJECT EXTENSIONS
signed() {
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj "/CN=$2" \
        -keyout "$1-key.pem" -out "$1.csr"
    printf '%s\n' basicConstraints=critical,CA:false keyUsage=critical,digitalSignature "${@:3}" >"$1.extensions"
    openssl x509 -req -days 365 -in "$1.csr" -CA ca.pem -CAkey ca-key.pem -CAcreateserial \
        -extfile "$1.extensions" -out "$1.pem"
    rm "$1.csr" "$1.extensions"
}

{
    authority ca
    authority unrelated-ca
    signed server 127.0.0.1 extendedKeyUsage=serverAuth subjectAltName=IP:127.0.0.1
    signed client client extendedKeyUsage=clientAuth
} >openssl.log 2>&1 || { cat openssl.log >&2; exit 1; }
touch done
