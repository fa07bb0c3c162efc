#!/bin/bash
. "$(dirname "$0")/../common.sh"
run "$PREPULL" images -f "$HERE/in.yaml"
judge "lists the image" eval '[ $CODE = 0 ] && has "one:1"'
