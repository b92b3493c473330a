#!/bin/sh
# Makes the authority and the server certificate again. The authority's key is thrown away at the end: nothing more can ever be
# signed with it. Run in this folder; needs only openssl 3.
set -eu
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
days=9125 # 25 years

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 -days "$days" \
  -subj '/O=Belfry/CN=Belfry provider simulator, tests only' \
  -addext 'basicConstraints=critical,CA:TRUE,pathlen:0' \
  -addext 'keyUsage=critical,keyCertSign' \
  -keyout "$work/authority.key" -out authority.pem

openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -sha256 \
  -subj '/O=Belfry/CN=provider-simulator' -keyout server.key -out "$work/server.csr"

cat >"$work/server.ext" <<'EXT'
basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth
subjectAltName=DNS:localhost,DNS:provider-simulator,DNS:host.docker.internal,IP:127.0.0.1,IP:::1,DNS:fcm.googleapis.com,DNS:updates.push.services.mozilla.com,DNS:web.push.apple.com
EXT

openssl x509 -req -sha256 -days "$days" -in "$work/server.csr" -CA authority.pem -CAkey "$work/authority.key" \
  -CAcreateserial -CAserial "$work/serial" -extfile "$work/server.ext" -out server.pem
