#!/bin/sh
# Installs the other runtimes that the tests of the libraries use (Node 22.14.0, Deno, Bun) when they are missing or
# tools/runtimes/package.json changed since. There is no lock file: versions are exact, and each runtime brings nothing
# but its own binary for this platform, of which a lock file would have to list those for all others.
set -eu

tools=$(node -p 'require("path").dirname(require("fs").realpathSync(process.argv[1]))' "$0")
cd "$tools/runtimes"

marker=node_modules/.installed
wanted=$(node -p '`${process.platform} ${process.arch} ${require("fs").readFileSync("package.json", "utf8")}`')
installed=$(node -p 'try { require("fs").readFileSync(process.argv[1], "utf8").trim() } catch { "" }' "$marker")
if [ "$installed" = "$wanted" ]; then
  exit 0
fi

echo "install: installing other runtimes" >&2
npm install --no-package-lock --ignore-scripts --no-audit --no-fund --loglevel=error >&2
npm rebuild node-22 bun deno --loglevel=error >&2
node -e 'require("fs").writeFileSync(process.argv[1], process.argv[2] + "\n")' "$marker" "$wanted"
