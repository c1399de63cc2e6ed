#!/bin/sh
# Installs the npm packages of this checkout when they are missing or package-lock.json changed since.
# Needs node, npm and sh, and nothing else: no compiler, no Python, no other command on the PATH.
set -eu

for command in node npm; do
  command -v "$command" >/dev/null || {
    echo "install: $command is missing: install Node.js with npm" >&2
    exit 1
  }
done
root=$(node -p 'require("path").dirname(require("path").dirname(require("fs").realpathSync(process.argv[1])))' "$0")
cd "$root"

# The marker is written last, so an install that was interrupted is done again.
marker=node_modules/.installed
wanted=$(node -p '
  const lock = require("fs").readFileSync("package-lock.json");
  const sum = require("crypto").createHash("sha256").update(lock).digest("hex");
  `${process.platform} ${process.arch} ${sum}`')
installed=$(node -p 'try { require("fs").readFileSync(process.argv[1], "utf8").trim() } catch { "" }' "$marker")
if [ "$installed" = "$wanted" ]; then
  exit 0
fi

echo "install: installing npm packages" >&2
# Scripts of packages do not run: npm would compile better-sqlite3, which ships its binaries. The one that is needed
# fetches the Node.js that everything here runs on.
npm ci --ignore-scripts --no-audit --no-fund --loglevel=error >&2
npm rebuild node --loglevel=error >&2
node -e 'require("fs").writeFileSync(process.argv[1], process.argv[2] + "\n")' "$marker" "$wanted"
