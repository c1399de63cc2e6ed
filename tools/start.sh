#!/bin/sh
# Starts the issuer on its embedded defaults, shows the main job once and serves until Ctrl-C; with --once it ends after
# the verification. Installs what is missing. Other flags go to the issuer; data is kept in data/ of the checkout.
set -eu

tools=$(node -p 'require("path").dirname(require("fs").realpathSync(process.argv[1]))' "$0")
sh "$tools/install.sh"
cd "$tools/.."
PATH="$PWD/node_modules/.bin:$PATH"
export PATH
exec node --conditions=@workload-identity/source tools/start/main.ts "$@"
