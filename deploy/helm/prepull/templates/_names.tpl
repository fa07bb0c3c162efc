{{- define "prepull.selector" -}}
app.kubernetes.io/component: controller
app.kubernetes.io/name: prepull
{{- end }}

{{- define "prepull.labels" -}}
{{ include "prepull.selector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- define "prepull.image" -}}
{{- with .Values.image -}}
{{- if .digest }}{{ .repository }}@{{ .digest }}{{ else }}{{ .repository }}:{{ .tag | default $.Chart.AppVersion }}{{ end -}}
{{- end -}}
{{- end }}

{{- /* Binds the role `name` to the operator; in `namespace`, or everywhere. */ -}}
{{- define "prepull.binding" -}}
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ if .namespace }}RoleBinding{{ else }}ClusterRoleBinding{{ end }}
metadata:
  name: {{ .name }}
  {{- with .namespace }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "prepull.labels" .root | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: {{ if .namespace }}Role{{ else }}ClusterRole{{ end }}
  name: {{ .name }}
subjects:
- kind: ServiceAccount
  name: prepull-controller
  namespace: {{ .root.Release.Namespace }}
{{- end }}

{{- /* The ConfigMap that has further authorities; empty when there is none. */ -}}
{{- define "prepull.ca" -}}
{{- if .Values.ca.certificates }}prepull-controller-ca{{ else }}{{ .Values.ca.configMap }}{{ end -}}
{{- end }}
