#!/bin/bash
. "$(dirname "$0")/../common.sh"
serve registry.py
echo '{"credsStore": "nowhere"}' > "$WORK/helper.json"
echo "{\"auths\": {\"$R\": {\"auth\": \"bm90aGluZw==\"}}}" > "$WORK/broken.json"
for file in helper broken; do
  named=docker-credential-nowhere; [ $file = helper ] || named=broken.json
  run "$PREPULL" pull --runtime "oci:$WORK/layout" --retries 0 --platform linux/amd64 --auth-file "$WORK/$file.json" "$R/team/app:1"
  judge "names $named" eval '[ $CODE = 1 ] && has "failed: cannot .*$named: "'
  run "$PREPULL" check --no-cluster --platform linux/amd64 --auth-file "$WORK/$file.json" "$R/team/app:1"
  judge "check: names $named" eval '[ $CODE = 1 ] && has "cannot .*$named: "'
done
