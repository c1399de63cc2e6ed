#!/bin/sh
# Checks everything: format, the checks of tools/, lint, types, build and tests of every project. Installs what is
# missing. Ends with "N passed, M failed". `--only lint,test` runs some stages; `npm run test` only the tests.
set -eu

tools=$(node -p 'require("path").dirname(require("fs").realpathSync(process.argv[1]))' "$0")
sh "$tools/install-system.sh"
sh "$tools/install.sh"
sh "$tools/install-runtimes.sh"
cd "$tools/.."
PATH="$PWD/node_modules/.bin:$PATH"
export PATH
exec node tools/test/main.ts "$@"
