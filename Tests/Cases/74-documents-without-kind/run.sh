#!/bin/bash
. "$(dirname "$0")/../common.sh"
run "$PREPULL" images -f "$HERE/in.yaml"
judge "lists the image" eval '[ $CODE = 0 ] && has "one:1"'
judge "names what it passes by" eval 'has "line 8.*apiVersion" && has "line 14.*kind" && has "line 17"'
