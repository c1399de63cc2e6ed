#!/bin/sh
# Makes folders of clusters as they were before they moved here, one for each form of keys, in the folder $1, for the issuer
# URL $2. Keys, key IDs and tokens all come from openssl, so that tests compare our code with somebody else's. Beside each
# key file lies nothing; <form>/expected.tsv says of each key: file, algorithm, key ID, a token it signed.
# Needs: sh, openssl 3. The keys protect nothing.
set -eu

cd "$1"
issuer_url="$2"
umask 077

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
rsa() { openssl genpkey -quiet -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -out "$1" 2>/dev/null; }
ed25519() { openssl genpkey -algorithm ED25519 -out "$1"; }
# The 32 bytes of an Ed25519 key as such clusters once wrote them: seed <PKCS#8 file> <seed file>.
seed() {
  { printf -- '-----BEGIN PRIVATE KEY-----\n'; openssl pkey -in "$1" -outform DER | tail -c 32 | openssl base64; printf -- '-----END PRIVATE KEY-----\n'; } > "$2"
}
public_der() { openssl pkey -in "$1" -pubout -outform DER; }
# expect <form> <file in it> <algorithm> <PKCS#8 file of the key>
expect() {
  if [ "$3" = RS256 ]; then kid="$(public_der "$4" | openssl dgst -sha256 -binary | base64url)"
  else kid="$(public_der "$4" | tail -c 32 | openssl dgst -sha256 -binary | base64url)"; fi
  now="$(date +%s)"
  claims="{\"iss\":\"$issuer_url\",\"sub\":\"app:web:sandbox:old\",\"aud\":\"$issuer_url\",\"iat\":$now,\"nbf\":$((now - 60)),\"exp\":$((now + 3600)),\"jti\":\"$kid\",\"app\":\"web\",\"sandbox_id\":\"old\",\"identity_type\":\"sandbox\"}"
  printf '%s.%s' "$(printf '{"alg":"%s","kid":"%s","typ":"JWT"}' "$3" "$kid" | base64url)" "$(printf '%s' "$claims" | base64url)" > input.txt
  if [ "$3" = RS256 ]; then signature="$(openssl dgst -sha256 -sign "$4" input.txt | base64url)"
  else signature="$(openssl pkeyutl -sign -rawin -inkey "$4" -in input.txt | base64url)"; fi
  printf '%s\t%s\t%s\t%s.%s\n' "$2" "$3" "$kid" "$(cat input.txt)" "$signature" >> "$1/expected.tsv"
}

key=workload-identity.key
mkdir rsa ed25519 seed mixed mixed/workload-identity.d

rsa rsa/$key
expect rsa $key RS256 rsa/$key

ed25519 ed25519/$key
expect ed25519 $key EdDSA ed25519/$key

ed25519 seed.pem
seed seed.pem seed/$key
expect seed $key EdDSA seed.pem

# One that has come from Ed25519 to RSA already, with live keys of both kinds besides, and what else lies in such folders.
rsa mixed/$key
ed25519 previous.pem
seed previous.pem mixed/$key.prev
rsa mixed/workload-identity.d/10-staged.pem
ed25519 mixed/workload-identity.d/20-other
printf 'not a key' > mixed/workload-identity.d/.hidden
mkdir mixed/workload-identity.d/folder
printf 'not a key' > mixed/server.crt
expect mixed $key RS256 mixed/$key
expect mixed $key.prev EdDSA previous.pem
expect mixed workload-identity.d/10-staged.pem RS256 mixed/workload-identity.d/10-staged.pem
expect mixed workload-identity.d/20-other EdDSA mixed/workload-identity.d/20-other
rm -f input.txt seed.pem previous.pem
