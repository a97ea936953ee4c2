{{- define "smelt.name" -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "smelt.image" -}}
{{- $root := index . 0 -}}
{{- printf "%s%s:%s" $root.Values.image.prefix (index . 1) ($root.Values.image.tag | default $root.Chart.AppVersion) | quote -}}
{{- end -}}

{{/* Which pods of the release. Of a deployment they can't be changed once it is there. */}}
{{- define "smelt.selector" -}}
{{- $root := index . 0 -}}
app.kubernetes.io/name: smelt
app.kubernetes.io/instance: {{ $root.Release.Name | quote }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{- define "smelt.labels" -}}
{{- $root := index . 0 -}}
{{ include "smelt.selector" . }}
app.kubernetes.io/version: {{ $root.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" $root.Chart.Name $root.Chart.Version | quote }}
{{- end -}}

{{- define "smelt.serviceAccount" -}}
{{- .Values.serviceAccount.name | default (ternary (include "smelt.name" .) "default" .Values.serviceAccount.create) -}}
{{- end -}}

{{- define "smelt.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "smelt.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities: {drop: [ALL]}
{{- end -}}

{{/* Of the service's secret, the variables that a process gets; the second list may be missing there. */}}
{{- define "smelt.secrets" -}}
{{- $secret := (index . 0).Values.secrets.service -}}
{{- range $number, $name := index . 1 }}
- name: {{ $name }}
  valueFrom: {secretKeyRef: {name: {{ $secret }}, key: {{ $name }}}}
{{- end }}
{{- range index . 2 }}
- name: {{ . }}
  valueFrom: {secretKeyRef: {name: {{ $secret }}, key: {{ . }}, optional: true}}
{{- end }}
{{- end -}}

{{/* The settings that are no secrets, and the content store's credentials if there are any. */}}
{{- define "smelt.envFrom" -}}
- configMapRef: {name: {{ include "smelt.name" . }}}
{{- with .Values.secrets.content }}
- secretRef: {name: {{ . }}}
{{- end }}
{{- end -}}

{{/* Pods start anew when a setting has changed. Many a Prometheus finds its targets by the annotations. */}}
{{- define "smelt.podAnnotations" -}}
checksum/settings: {{ include (print $.Template.BasePath "/settings.yaml") . | sha256sum }}
{{- with .Values.metrics.port }}
prometheus.io/scrape: "true"
prometheus.io/port: {{ . | quote }}
prometheus.io/path: /metrics
{{- end }}
{{- end -}}

{{- define "smelt.metricsEnv" -}}
{{- with .Values.metrics.port }}
- {name: SMELT_METRICS_HOST, value: "0.0.0.0"}
- {name: SMELT_METRICS_PORT, value: {{ . | quote }}}
{{- end }}
{{- end -}}

{{/* Of what serves nothing but its metrics port: a pool, the reconciler. */}}
{{- define "smelt.metricsProbes" -}}
{{- with .Values.metrics.port }}
ports:
  - {name: metrics, containerPort: {{ . }}}
startupProbe:
  httpGet: {path: /healthz, port: metrics}
  periodSeconds: 2
  failureThreshold: 60
livenessProbe:
  httpGet: {path: /healthz, port: metrics}
  periodSeconds: 10
  timeoutSeconds: 5
readinessProbe:
  httpGet: {path: /readyz, port: metrics}
  periodSeconds: 5
  timeoutSeconds: 5
{{- end }}
{{- end -}}
