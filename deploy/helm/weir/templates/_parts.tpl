{{/* Parts that the api and the workers have in common. */}}
{{- define "weir.labels" -}}
app.kubernetes.io/name: weir
app.kubernetes.io/instance: {{ .Release.Name }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end }}

{{- define "weir.podMeta" }}
      labels:
        app.kubernetes.io/name: weir
        app.kubernetes.io/instance: {{ .root.Release.Name }}
        app.kubernetes.io/component: {{ .component }}
{{- if and .root.Values.metrics.enabled .root.Values.metrics.annotations }}
      annotations:
        prometheus.io/scrape: "true"
        prometheus.io/port: {{ .root.Values.metrics.port | quote }}
        prometheus.io/path: /metrics
{{- end }}
{{- end }}

{{- define "weir.podSpec" }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      terminationGracePeriodSeconds: 40
      securityContext:
        runAsNonRoot: true
        runAsUser: 65532
        runAsGroup: 65532
        fsGroup: 65532
        fsGroupChangePolicy: OnRootMismatch
        seccompProfile:
          type: RuntimeDefault
      volumes:
        - name: credentials
          secret:
            secretName: {{ required "existingSecret: make a Secret with weir-root-key first" .Values.existingSecret }}
            defaultMode: 0440
        - name: tmp
          emptyDir: {}
        - name: data
{{- if .Values.files.existingClaim }}
          persistentVolumeClaim:
            claimName: {{ .Values.files.existingClaim }}
{{- else }}
          emptyDir: {}
{{- end }}
{{- if .Values.nodeSelector }}
      nodeSelector: {{- toYaml .Values.nodeSelector | nindent 8 }}
{{- end }}
{{- if .Values.tolerations }}
      tolerations: {{- toYaml .Values.tolerations | nindent 8 }}
{{- end }}
{{- if .Values.affinity }}
      affinity: {{- toYaml .Values.affinity | nindent 8 }}
{{- end }}
{{- end }}

{{- define "weir.container" }}
          image: "{{ .Values.image.repository }}:{{ or .Values.image.tag .Chart.AppVersion }}"
          imagePullPolicy: {{ .Values.image.pullPolicy }}
          securityContext:
            allowPrivilegeEscalation: false
            readOnlyRootFilesystem: true
            capabilities:
              drop: [ALL]
          env:
            - name: CREDENTIALS_DIRECTORY
              value: /run/credentials
            - name: PGPASSFILE
              value: /run/credentials/pgpass
            - name: WEIR_DATABASE_URL
{{- if .Values.database.urlKey }}
              valueFrom:
                secretKeyRef:
                  name: {{ .Values.existingSecret }}
                  key: {{ .Values.database.urlKey }}
{{- else }}
              value: {{ required "database.url: several processes need a Postgres" .Values.database.url | quote }}
{{- end }}
{{- if .Values.publicUrl }}
            - name: WEIR_PUBLIC_URL
              value: {{ .Values.publicUrl | quote }}
{{- end }}
{{- if .Values.extraEnv }}
            {{- toYaml .Values.extraEnv | nindent 12 }}
{{- end }}
          ports:
            - name: http
              containerPort: 8080
{{- if .Values.metrics.enabled }}
            - name: metrics
              containerPort: {{ .Values.metrics.port }}
{{- end }}
          startupProbe:
            httpGet: {path: /healthz, port: http}
            periodSeconds: 2
            failureThreshold: 90
          livenessProbe:
            httpGet: {path: /healthz, port: http}
            periodSeconds: 10
            timeoutSeconds: 5
          readinessProbe:
            httpGet: {path: /readyz, port: http}
            periodSeconds: 5
            timeoutSeconds: 3
          volumeMounts:
            - {name: credentials, mountPath: /run/credentials, readOnly: true}
            - {name: tmp, mountPath: /tmp}
            - {name: data, mountPath: /data}
{{- end }}

{{- define "weir.args" }}
            - --data=/data
            - --listen=:8080
{{- if .Values.metrics.enabled }}
            - --metrics-address=:{{ .Values.metrics.port }}
{{- end }}
{{- if .Values.trustedProxies }}
            - --trusted-proxies={{ .Values.trustedProxies }}
{{- end }}
{{- range .Values.extraArgs }}
            - {{ . | quote }}
{{- end }}
{{- end }}
