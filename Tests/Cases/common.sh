# Helpers of the cases. Needs PREPULL (the program). Nothing outside a temporary folder is written.
: "${PREPULL:?set PREPULL to the prepull program}"
HERE=$(cd "$(dirname "${BASH_SOURCE[1]}")" && pwd)
WORK=$(mktemp -d "${TMPDIR:-/tmp}/case.XXXXXX")
PIDS=()
finish() { for p in "${PIDS[@]}"; do kill "$p" 2>/dev/null; wait "$p" 2>/dev/null; done; rm -rf "$WORK"; }
trap finish EXIT
export HOME=$WORK/home; mkdir -p "$HOME"
unset KUBECONFIG DOCKER_CONFIG DOCKER_AUTH_CONFIG REGISTRY_AUTH_FILE DOCKER_HOST CONTAINER_RUNTIME_ENDPOINT
unset HTTP_PROXY HTTPS_PROXY http_proxy https_proxy NO_PROXY no_proxy
export NO_COLOR=1 SWIFT_BACKTRACE=enable=no
# serve FILE.py: starts a registry, sets R to 127.0.0.1:PORT
serve() {
  local port=$WORK/port.$RANDOM$RANDOM
  REGISTRY_LOG=$WORK/registry.log PYTHONPATH=$HERE:$HERE/.. python3 "$HERE/$1" "$port" & PIDS+=($!)
  for _ in $(seq 100); do [ -s "$port" ] && break; sleep 0.1; done
  R=127.0.0.1:$(cat "$port")
}
# run COMMAND…: prints the command, its output and exit code; sets OUT and CODE
run() {
  echo "\$ ${*//$PREPULL/prepull}"
  OUT=$(timeout "${LIMIT:-60}" "$@" 2>&1 </dev/null); CODE=$?
  OUT=${OUT//$WORK/WORK}; [ -n "${R:-}" ] && OUT=${OUT//$R/REGISTRY}
  echo "$OUT" | head -n "${LINES_SHOWN:-40}"; echo "exit code $CODE"
}
# judge TEXT CONDITION…: VERDICT ok when the condition holds
judge() { local text=$1; shift; if [ "$CODE" -ge 128 ] && [ "$CODE" != 130 ]; then echo "VERDICT crash: $text"; return; fi; if "$@"; then echo "VERDICT ok: $text"; else echo "VERDICT wrong: $text"; fi; }
has() { grep -qE -- "$1" <<<"$OUT"; }
hasnot() { ! grep -qE -- "$1" <<<"$OUT"; }
# sandbox: a cluster of two virtual nodes; sets KUBECONFIG
sandbox() {
  "$PREPULL" sandbox up --http --nodes 2 --kubeconfig "$WORK/real" > "$WORK/sandbox.out" 2>&1 & PIDS+=($!)
  for _ in $(seq 300); do [ -s "$WORK/real" ] && grep -q "sample/web" "$WORK/sandbox.out" && break; sleep 0.1; done
  export KUBECONFIG=$WORK/real
}
