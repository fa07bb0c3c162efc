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

{{- /* The proxy and what `env` adds. */ -}}
{{- define "prepull.env" -}}
{{- with .Values.proxy.url }}
- name: HTTPS_PROXY
  value: {{ . | quote }}
- name: HTTP_PROXY
  value: {{ . | quote }}
- name: NO_PROXY
  value: {{ concat (list "$(KUBERNETES_SERVICE_HOST)" ".svc" ".cluster.local") $.Values.proxy.except | join "," | quote }}
{{- end }}
{{- with .Values.env }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "prepull.agentSelector" -}}
app.kubernetes.io/component: agent
app.kubernetes.io/name: prepull
{{- end }}

{{- define "prepull.agentLabels" -}}
{{ include "prepull.agentSelector" . }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end }}

{{- /* Name, kind and labels of an object of the agents'; `isGlobal` for one without namespace. */ -}}
{{- define "prepull.agentMetadata" -}}
metadata:
  name: {{ .name | default "prepull-agent" }}
  {{- if not .isGlobal }}
  namespace: prepull-agent
  {{- end }}
  labels:
    {{- include "prepull.agentLabels" .root | nindent 4 }}
{{- end }}

{{- /* A folder or file of the node: the volume. */ -}}
{{- define "prepull.hostVolume" -}}
- name: {{ .name }}
  hostPath:
    path: {{ .path | quote }}
    type: {{ .type }}
{{- end }}

{{- define "prepull.dashboardSelector" -}}
app.kubernetes.io/component: dashboard
app.kubernetes.io/name: prepull
{{- end }}

{{- /* Name, namespace and labels of an object of the page's; `isGlobal` for one without namespace. */ -}}
{{- define "prepull.dashboardMetadata" -}}
metadata:
  name: {{ .name | default "prepull-dashboard" }}
  {{- if not .isGlobal }}
  namespace: {{ .root.Release.Namespace }}
  {{- end }}
  labels:
    {{- include "prepull.dashboardSelector" .root | nindent 4 }}
    app.kubernetes.io/managed-by: {{ .root.Release.Service }}
    helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end }}
