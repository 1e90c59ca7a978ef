{{/* Labels of every object. */}}
{{- define "tenant-closure.labels" -}}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | quote }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service | quote }}
{{ include "tenant-closure.selector" . }}
{{- end }}

{{/* Labels by which the Deployment finds its pod. */}}
{{- define "tenant-closure.selector" -}}
app.kubernetes.io/name: tenant-closure
app.kubernetes.io/instance: {{ .Release.Name | quote }}
{{- end }}

{{/* The operator as a subject of a binding. */}}
{{- define "tenant-closure.subject" -}}
- kind: ServiceAccount
  name: {{ .Values.serviceAccount.name | quote }}
  namespace: {{ .Release.Namespace | quote }}
{{- end }}
