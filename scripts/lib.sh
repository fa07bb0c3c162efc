# shellcheck shell=bash
# Sourced by the scripts that start servers, after `set -euo pipefail`. Whatever they start, write and mount lies below
# one folder, $work, and its path stands in the arguments of each server: cleaning up ends those processes, no others.

usage() { sed -n '2,/^set /{/^set /d;s/^# \{0,1\}//p}' "$0"; }
fail() { printf '%s: %s\n' "${0##*/}" "$*" >&2; exit 1; }
wrong() { printf '%s: %s\n\n' "${0##*/}" "$*" >&2; usage >&2; exit 2; }

# Makes $work, with the given prefix, and removes it with all that hangs on it at the end, after Ctrl-C too. A function
# clean_more, where the script has one, runs before. Jobs get process groups of their own, so that a signal to the
# script is handled at once, by what `attend` waits for.
begin_work() {
  work=$(mktemp -d "${TMPDIR:-/tmp}/$1.XXXXXX")
  export TMPDIR=$work
  attended=
  set -m
  trap clean_work EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM
}

# shellcheck disable=SC2317 # called by the trap
clean_work() {
  trap '' INT TERM # a second Ctrl-C must not cut the cleaning short
  trap - EXIT
  if [[ $attended ]]; then
    disown "$attended" 2>/dev/null || true # its end is no news
    kill -9 -- "-$attended" 2>/dev/null || true
  fi
  if declare -F clean_more >/dev/null; then clean_more || true; fi
  end_processes "$work/"
  awk -v root="$work/" 'index($0, root) { print $5 }' /proc/self/mountinfo | sort -r | xargs -r umount -l 2>/dev/null || true
  rm -rf "$work"
}

# Ends every process but this one in whose arguments the text stands.
end_processes() {
  local line pid found arguments
  for _ in 1 2 3 4 5; do
    found=
    for line in /proc/[0-9]*/cmdline; do
      pid=${line//[!0-9]/}
      arguments=$({ tr '\0' ' ' <"$line"; } 2>/dev/null) || true
      if [[ $pid != "$$" && $pid != "$BASHPID" && $arguments == *"$1"* ]]; then
        found=1
        kill -9 "$pid" 2>/dev/null || true
      fi
    done
    [[ $found ]] || break
    sleep 0.2
  done
}

# Runs a command in a process group of its own, ends what it left there, and gives back its exit code; a signal to the
# script ends it.
attend() {
  "$@" </dev/null &
  attended=$!
  local code=0
  wait "$attended" || code=$?
  kill -9 -- "-$attended" 2>/dev/null || true # what it left running
  attended=
  return "$code"
}

# Starts a server in the background, its output in $work/NAME.log; $started is its process: start NAME COMMAND…
# shellcheck disable=SC2034 # those who call it use $started
start() {
  local name=$1
  shift
  "$@" </dev/null >"$work/$name.log" 2>&1 &
  started=$!
  disown # its end is no news
}

# Waits until a command succeeds: wait_for WHAT SECONDS LOG COMMAND…
wait_for() {
  local what=$1 seconds=$2 log=$3
  shift 3
  for _ in $(seq $((seconds * 10))); do
    "$@" >/dev/null 2>&1 && return
    sleep 0.1
  done
  tail -n 20 "$log" >&2
  fail "$what did not come within $seconds s; the last lines of its log are above"
}

# Starts Debian's docker-registry on a free loopback port; $registry is its host and port.
# shellcheck disable=SC2034 # those who call it use $registry
start_registry() {
  cat >"$work/registry.yml" <<YAML
version: 0.1
log: {level: info, accesslog: {disabled: true}}
storage: {filesystem: {rootdirectory: $work/registry}, delete: {enabled: true}}
http: {addr: "127.0.0.1:0"}
YAML
  start registry docker-registry serve "$work/registry.yml"
  wait_for "the registry" 20 "$work/registry.log" grep -q 'listening on 127.0.0.1:' "$work/registry.log"
  registry=127.0.0.1:$(sed -n 's/.*listening on 127\.0\.0\.1:\([0-9]*\).*/\1/p' "$work/registry.log" | head -n 1)
}

# Starts a containerd with an empty root of its own: start_containerd FOLDER-OF-PROGRAMS, which is empty for those on
# PATH. $socket is its socket.
# Registries on the loopback interface are spoken to in plain HTTP.
start_containerd() {
  local programs=${1:+$1/} root
  root=$(mktemp -d "$work/ctd.XXXX")
  socket=$root/c.sock
  cat >"$root/config.toml" <<TOML
version = 2
root = "$root/root"
state = "$root/state"
[grpc]
  address = "$socket"
[ttrpc]
  address = "$socket.ttrpc"
[plugins."io.containerd.internal.v1.opt"]
  path = "$root/opt"
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".registry]
    config_path = "$root/certs.d"
TOML
  PATH=$programs:$PATH start containerd "${programs}containerd" --config "$root/config.toml"
  wait_for "containerd" 30 "$work/containerd.log" ctr --address "$socket" version
}

# Starts Debian's dockerd with an empty root of its own and without networks; $socket is its socket.
start_dockerd() {
  local root
  root=$(mktemp -d "$work/dkd.XXXX")
  socket=$root/d.sock
  echo '{}' >"$root/daemon.json"
  start dockerd dockerd --host "unix://$socket" --data-root "$root/data" --exec-root "$root/exec" --pidfile "$root/d.pid" \
    --config-file "$root/daemon.json" --bridge none --iptables=false --ip6tables=false --ip-forward=false
  wait_for "dockerd" 60 "$work/dockerd.log" docker --host "unix://$socket" version
}

# Of skopeo, for the registries of these scripts, which speak no TLS.
push_options=(--dest-tls-verify=false)

# Pushes a sample image, whose layer of random bytes has that many kB; its program waits: sample REF KB
sample() {
  local reference=$1 size=$2 layout
  layout=$(mktemp -d "$work/sample.XXXXXX")/layout
  umoci --log=error init --layout "$layout"
  umoci --log=error new --image "$layout:amd64"
  umoci --log=error insert --image "$layout:amd64" /bin/busybox /bin/busybox
  head -c "${size}K" /dev/urandom >"$layout.payload"
  umoci --log=error insert --image "$layout:amd64" "$layout.payload" /payload
  umoci --log=error config --image "$layout:amd64" --config.entrypoint /bin/busybox --config.cmd sleep --config.cmd 2147483
  skopeo --override-os linux copy --quiet "${push_options[@]}" "oci:$layout:amd64" "docker://$reference"
  rm -rf "${layout%/*}"
}

# The same for two platforms under one index, as most images of the public registries are.
sample_index() {
  local reference=$1 size=$2 layout architecture digest
  layout=$(mktemp -d "$work/sample.XXXXXX")/layout
  umoci --log=error init --layout "$layout"
  for architecture in amd64 arm64; do
    umoci --log=error new --image "$layout:$architecture"
    umoci --log=error insert --image "$layout:$architecture" /bin/busybox /bin/busybox
    head -c "${size}K" /dev/urandom >"$layout.payload"
    umoci --log=error insert --image "$layout:$architecture" "$layout.payload" /payload
    umoci --log=error config --image "$layout:$architecture" --architecture "$architecture" --os linux \
      --config.entrypoint /bin/busybox --config.cmd sleep --config.cmd 2147483
  done
  jq -c '{schemaVersion: 2, mediaType: "application/vnd.oci.image.index.v1+json", manifests: [.manifests[] |
    .platform = {os: "linux", architecture: .annotations["org.opencontainers.image.ref.name"]} | del(.annotations)]}' \
    "$layout/index.json" >"$layout.index"
  digest=$(sha256sum "$layout.index" | cut -d ' ' -f 1)
  jq -cn --arg digest "sha256:$digest" --argjson size "$(stat -c %s "$layout.index")" '{schemaVersion: 2, manifests: [{
    mediaType: "application/vnd.oci.image.index.v1+json", digest: $digest, size: $size,
    annotations: {"org.opencontainers.image.ref.name": "index"}}]}' >"$layout/index.json"
  mv "$layout.index" "$layout/blobs/sha256/$digest"
  skopeo copy --quiet --all "${push_options[@]}" "oci:$layout:index" "docker://$reference"
  rm -rf "${layout%/*}"
}

# Runs a command and demands one of the exit codes: expect CODE[,CODE…] COMMAND…
expect() {
  local codes=$1 code=0
  shift
  printf '$ %s\n' "$*" >&2
  "$@" || code=$?
  if [[ ,$codes, != *",$code,"* ]]; then
    if ((code >= 128)); then
      printf 'FAILED: ended by signal %d: %s\n' $((code - 128)) "$*" >&2
    else
      printf 'FAILED: exit code %d where %s is right: %s\n' "$code" "$codes" "$*" >&2
    fi
    exit 1
  fi
}

# A later kubectl before the system's, where `scripts/packages runtimes` has brought one.
later_kubectl() {
  local folder
  for folder in /usr/local/lib/prepull-tests/kubectl-*; do [[ ! -x $folder/kubectl ]] || PATH=$folder:$PATH; done
}

# Puts prepull and kubectl-prepull into $work/bin, first on PATH, so that every use is watched, in pipes and scripts of
# others too: one that ends by a signal leaves a line in $work/signals. watch_program BINARY
watch_program() {
  mkdir -p "$work/bin" "$work/program"
  local name
  for name in prepull kubectl-prepull; do
    ln -s "$(realpath "$1")" "$work/program/$name"
    cat >"$work/bin/$name" <<SH
#!/usr/bin/env bash
"$work/program/$name" "\$@"
code=\$?
# 130 and 143 are what prepull itself ends with after Ctrl-C and SIGTERM.
((code < 128 || code == 130 || code == 143)) || echo "ended by signal \$((code - 128)): $name \$*" >>"$work/signals"
exit \$code
SH
    chmod +x "$work/bin/$name"
  done
  PATH=$work/bin:$PATH
}

# Runs a function as a part with a name, and keeps its output for when it fails: part NAME FUNCTION [ARGUMENT…]. What
# it starts is ended with it. The time that it took is printed, and how many passed at the end by `end_parts`.
passed=0 failed=0
part() {
  local name=$1 code=0 begin=$SECONDS log
  shift
  log=$work/part.log
  : >"$work/signals"
  # shellcheck disable=SC2317
  run_part() { exec >"$log" 2>&1; set -e; "$@"; }
  attend run_part "$@" || code=$?
  [[ ! -s $work/signals ]] || code=1
  if ((code == 0)); then
    passed=$((passed + 1))
    printf 'ok      %-44s %4d s\n' "$name" $((SECONDS - begin))
    [[ ! -s $work/note ]] || sed 's/^/        /' "$work/note"
  else
    failed=$((failed + 1))
    printf 'FAILED  %-44s %4d s\n' "$name" $((SECONDS - begin))
    sed 's/^/        /' "$log" | tail -n 80
    sed 's/^/        /' "$work/signals"
  fi
  rm -f "$work/note"
}

# Says something of a part that passed, below its line.
note() { printf '%s\n' "$*" >>"$work/note"; }

# Fails when a part failed, or none was run.
end_parts() {
  printf '%d passed, %d failed\n' "$passed" "$failed"
  ((failed == 0 && passed > 0))
}
