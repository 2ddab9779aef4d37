#!/usr/bin/env bash
# Makes the certificates that the tests and the demo use; run it here to renew them.
# They sign nothing but localhost, and their keys are public: never trust ca.pem outside this repository.
set -euo pipefail
cd "$(dirname "$0")"
days=36500
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days $days -subj '/CN=httptrace test CA' \
  -addext 'basicConstraints=critical,CA:TRUE' -addext 'keyUsage=critical,keyCertSign' -keyout ca.key -out ca.pem
sign() { # name, subject alternative names, further x509 options
  local name=$1 names=$2; shift 2
  openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj "/CN=$name" -keyout "$name.key" -out "$name.csr"
  openssl x509 -req -in "$name.csr" -CA ca.pem -CAkey ca.key -CAcreateserial -out "$name.pem" \
    -extfile <(printf 'subjectAltName=%s\nbasicConstraints=CA:FALSE\n' "$names") "$@"
  rm "$name.csr"
}
sign localhost 'DNS:localhost,DNS:*.localhost,IP:127.0.0.1,IP:::1' -days $days
sign wrong-host 'DNS:elsewhere.example' -days $days
sign expired 'DNS:localhost,IP:127.0.0.1' -days -1
rm -f ca.key ca.srl
# Of what the pages of docs/ are tested with: its own authority.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days $days -subj '/CN=example.com' \
  -addext 'subjectAltName=DNS:example.com' -keyout example.com.key -out example.com.pem
