{{/* Labels of every object but the CRDs and the policies, whose text is fixed. */}}
{{- define "tenant-closure.labels" -}}
app.kubernetes.io/name: tenant-closure
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ .Chart.Name }}-{{ .Chart.Version }}
{{- end }}
