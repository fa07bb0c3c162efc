#!/bin/bash
. "$(dirname "$0")/../common.sh"
sandbox
serve registry.py
up=$(grep -o '127.0.0.1:[0-9]*' "$WORK/real" | head -1)
python3 "$HERE/../mitm.py" "$WORK/mitm" "$up" rewrite & PIDS+=($!)
for _ in $(seq 100); do [ -s "$WORK/mitm" ] && break; sleep 0.1; done
sed "s/$up/127.0.0.1:$(cat "$WORK/mitm")/" "$WORK/real" > "$WORK/config"
export KUBECONFIG=$WORK/config
"$PREPULL" install -o json > "$WORK/install.json"
python3 - "$WORK/install.json" > "$WORK/crds.json" <<'P'
import json, sys
text, decoder, kinds = open(sys.argv[1]).read().strip(), json.JSONDecoder(), []
while text:
    value, end = decoder.raw_decode(text)
    kinds += value.get("items", [value])
    text = text[end:].strip()
print(json.dumps({"apiVersion": "v1", "kind": "List", "items": [k for k in kinds if k["kind"] == "CustomResourceDefinition"]}))
P
kubectl apply -f "$WORK/crds.json" > /dev/null
"$PREPULL" controller --no-leader-elect --metrics-address none > "$WORK/controller.log" 2>&1 & PIDS+=($!)
cat > "$WORK/prepull.yaml" <<Y
apiVersion: prepull.dev/v1alpha1
kind: Prepull
metadata: {name: app}
spec:
  images: [{image: "$R/sample/app:1"}]
Y
kubectl apply -f "$WORK/prepull.yaml" > /dev/null
run kubectl wait prepull/app --for condition=Ready --timeout 30s
judge "the nodes are warm" test $CODE = 0
