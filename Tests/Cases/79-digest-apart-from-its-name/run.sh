#!/bin/bash
. "$(dirname "$0")/../common.sh"
run "$PREPULL" images -f "$HERE/in.yaml"
judge "never the half" hasnot '@sha256( |$)'
judge "puts both halves together" eval '[ $CODE = 0 ] && has "team/api@sha256:0123" && has "team/web:v1@sha256:0123"'
judge "finds those below image" eval 'has "server:7.6.0" && has "init:2.8.0" && has "spark:3.5"'
