#!/bin/sh
# Makes the key vectors of libs/core/test/vectors: every key, key ID and signature in them comes from openssl, so that
# the tests compare our code with somebody else's. Run it only to add a vector; the files are committed.
# Needs: sh, awk, tr, openssl 3. The keys protect nothing and must never be used outside of tests.
set -eu

vectors="$(cd "$(dirname "$0")" && pwd)/vectors"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
mkdir -p "$vectors"
cd "$work"

base64url() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
# A text file as the inside of a JSON string (PEM holds neither quotes nor backslashes).
json_text() { awk '{ printf "%s\\n", $0 }' "$1"; }
# The key ID: SHA-256 of the SubjectPublicKeyInfo; of an Ed25519 key, of the raw key, which is its last 32 bytes.
spki_kid() { openssl pkey -in "$1" -pubout -outform DER | openssl dgst -sha256 -binary | base64url; }
raw_kid() { openssl pkey -in "$1" -pubout -outform DER | tail -c 32 | openssl dgst -sha256 -binary | base64url; }
# A PEM text with a label of one's own: relabel <label> <file with DER>.
relabel() { printf -- '-----BEGIN %s-----\n' "$1"; openssl base64 -in "$2"; printf -- '-----END %s-----\n' "$1"; }

first=yes
# vector <name> <kid or empty> <PEM file> <how it was made>
vector() {
  [ "$first" = yes ] || printf ',\n'
  first=no
  printf '  "%s": {\n    "made_by": "%s",\n' "$1" "$4"
  [ -z "$2" ] || printf '    "kid": "%s",\n' "$2"
  printf '    "pem": "%s"\n  }' "$(json_text "$3")"
}

rsa() { openssl genpkey -quiet -algorithm RSA -pkeyopt "rsa_keygen_bits:$1" -out "$2" 2>/dev/null; }
for bits in 1024 2047 2048 3072; do rsa "$bits" "rsa-$bits.pem"; done
rsa 2048 rsa-other.pem
for name in ed25519 ed25519-other; do openssl genpkey -algorithm ED25519 -out "$name.pem"; done
openssl genpkey -algorithm X25519 -out x25519.pem
openssl genpkey -quiet -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048 -out rsa-pss.pem 2>/dev/null
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out p256.pem
openssl pkey -in rsa-2048.pem -traditional -out rsa-pkcs1.pem
openssl pkey -in p256.pem -traditional -out p256-sec1.pem
openssl pkcs8 -topk8 -in rsa-2048.pem -passout pass:x -out rsa-encrypted.pem
openssl rsa -in rsa-2048.pem -traditional -aes128 -passout pass:x -out rsa-old-encrypted.pem 2>/dev/null
openssl pkey -in rsa-2048.pem -pubout -out rsa-public.pem
openssl req -x509 -key rsa-2048.pem -subj /CN=test -days 1 -out certificate.pem
openssl pkey -in ed25519.pem -outform DER | tail -c 32 > seed.bin
relabel 'PRIVATE KEY' seed.bin > seed-private-key.pem
relabel 'WORKLOAD-IDENTITY SIGNING KEY' seed.bin > seed-own-label.pem
openssl pkcs8 -topk8 -nocrypt -in rsa-2048.pem -outform DER -out rsa.der
relabel 'RSA PRIVATE KEY' rsa.der > rsa-wrong-label.pem
head -c 600 rsa.der > truncated.der
relabel 'PRIVATE KEY' truncated.der > rsa-truncated.pem
head -c 31 seed.bin > short.bin
relabel 'PRIVATE KEY' short.bin > seed-31.pem
{ cat seed.bin; printf 'x'; } > long.bin
relabel 'PRIVATE KEY' long.bin > seed-33.pem

rsa_kid="$(spki_kid rsa-2048.pem)"
ed_kid="$(raw_kid ed25519.pem)"
{
  printf '{\n'
  vector rsa-2048 "$rsa_kid" rsa-2048.pem 'openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048'
  vector rsa-other "$(spki_kid rsa-other.pem)" rsa-other.pem 'openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048'
  vector rsa-3072 "$(spki_kid rsa-3072.pem)" rsa-3072.pem 'openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072'
  vector rsa-wrong-label "$rsa_kid" rsa-wrong-label.pem 'the PKCS#8 DER of rsa-2048 under the label RSA PRIVATE KEY'
  vector ed25519 "$ed_kid" ed25519.pem 'openssl genpkey -algorithm ED25519'
  vector ed25519-other "$(raw_kid ed25519-other.pem)" ed25519-other.pem 'openssl genpkey -algorithm ED25519'
  vector seed-private-key "$ed_kid" seed-private-key.pem 'the last 32 bytes of the PKCS#8 DER of ed25519 under the label PRIVATE KEY'
  vector seed-own-label "$ed_kid" seed-own-label.pem 'the last 32 bytes of the PKCS#8 DER of ed25519 under a label of its own, with a hyphen'
  vector p256 "$(spki_kid p256.pem)" p256.pem 'openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256'
  vector rsa-1024 '' rsa-1024.pem 'openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024'
  vector rsa-2047 '' rsa-2047.pem 'openssl genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2047'
  vector rsa-pkcs1 '' rsa-pkcs1.pem 'openssl pkey -traditional of rsa-2048'
  vector p256-sec1 '' p256-sec1.pem 'openssl pkey -traditional of p256'
  vector rsa-encrypted '' rsa-encrypted.pem 'openssl pkcs8 -topk8 of rsa-2048 with a password'
  vector rsa-old-encrypted '' rsa-old-encrypted.pem 'openssl rsa -traditional -aes128 of rsa-2048 with a password'
  vector rsa-public '' rsa-public.pem 'openssl pkey -pubout of rsa-2048'
  vector certificate '' certificate.pem 'openssl req -x509 with rsa-2048'
  vector rsa-pss '' rsa-pss.pem 'openssl genpkey -algorithm RSA-PSS'
  vector x25519 '' x25519.pem 'openssl genpkey -algorithm X25519'
  vector rsa-truncated '' rsa-truncated.pem 'the first 600 bytes of the PKCS#8 DER of rsa-2048'
  vector seed-31 '' seed-31.pem 'the first 31 bytes of the seed of ed25519'
  vector seed-33 '' seed-33.pem 'the seed of ed25519 and one byte more'
  printf '\n}\n'
} > "$vectors/keys.json"

# Whole tokens: header and claims as texts, signed by openssl with rsa-2048 (RS256) and ed25519 (EdDSA).
claims='{"iss":"https://id.example.com","sub":"org:acme:app:web:sandbox:sb-1","aud":"sts.amazonaws.com","iat":1767225600,"nbf":1767225540,"exp":1767229200,"jti":"00000000-0000-4000-8000-000000000001","organization_id":"acme","cluster_id":"eu-1","app":"web","sandbox_id":"sb-1","identity_type":"sandbox"}'
signing_input() { printf '%s.%s' "$(printf '{"alg":"%s","kid":"%s","typ":"JWT"}' "$1" "$2" | base64url)" "$(printf '%s' "$claims" | base64url)"; }
signing_input RS256 "$rsa_kid" > rs256.txt
signing_input EdDSA "$ed_kid" > eddsa.txt
{
  printf '{\n  "made_by": "openssl dgst -sha256 -sign with rsa-2048; openssl pkeyutl -sign -rawin with ed25519",\n'
  printf '  "claims": %s,\n' "$claims"
  printf '  "RS256": "%s.%s",\n' "$(cat rs256.txt)" "$(openssl dgst -sha256 -sign rsa-2048.pem rs256.txt | base64url)"
  printf '  "EdDSA": "%s.%s"\n}\n' "$(cat eddsa.txt)" "$(openssl pkeyutl -sign -rawin -inkey ed25519.pem -in eddsa.txt | base64url)"
} > "$vectors/tokens.json"
