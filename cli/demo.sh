#!/bin/sh
# What `make demo` does: a demo site, a backup of it, the proof that it restores, and the app on it.
# Usage: demo.sh BIN_DIR DEMO_DIR
set -eu

greenroom="$1/greenroom"
folder="$2"

say() {
    printf '\n== %s\n' "$1"
}

# Always with --config: a GREENROOM_CONFIG in the environment would name another site.
on_demo() {
    "$greenroom" --config "$folder/greenroom.toml" "$@"
}

if [ -f "$folder/greenroom.toml" ]; then
    say "The demo site in $folder is there already"
    on_demo init
    on_demo apply # finishes what an earlier run left
else
    say "A demo site in $folder"
    "$greenroom" demo "$folder"
fi

say "A backup"
on_demo backup --description "made by make demo"

say "The proof: a restore of it"
on_demo restore latest --now --yes

say "And an undo, back to what was there before the restore"
on_demo undo --yes

say "All backups; a restore and an undo each kept the state before them"
on_demo list --all

if [ -t 0 ] && [ -t 1 ] && [ -t 2 ]; then
    cd "$folder"
    exec "$greenroom" --config greenroom.toml
fi
printf '\nIn a terminal this opens the app now: cd %s && greenroom\n' "$folder"
