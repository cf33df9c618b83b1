const ORDERS = `apiVersion: apps/v1
kind: Deployment
metadata:
  name: orders # the shop's
  labels: {app: orders}
spec:
  replicas: 2
  selector:
    matchLabels: {app: orders}
  template:
    metadata:
      labels: {app: orders}
    spec:
      serviceAccountName: orders
      dnsConfig:
        options:
          - name: ndots
            value: "2"
          - name: single-request-reopen
      initContainers:
        - name: migrate
          image: registry.example.com/orders:1
      containers:
        - name: orders
          image: registry.example.com/orders:1
          args: ["--port", "8080"]
          env:
            - name: A
              value: "1"
            - name: B
              valueFrom: {configMapKeyRef: {name: settings, key: B}}
          envFrom:
            - configMapRef: {name: settings}
            - secretRef: {name: keys}
          ports:
            - {containerPort: 8080, name: http}
            - {containerPort: 9090, name: metrics}
          volumeMounts:
            - {name: conf, mountPath: /etc/conf}
        - name: proxy
          image: envoyproxy/envoy:v1.29.0
      volumes:
        - name: conf
          configMap: {name: settings}
        - name: tmp
          emptyDir: {}
---
apiVersion: v1
kind: Service
metadata: {name: orders}
spec:
  selector: {app: orders}
  ports:
    - {name: http, port: 80, targetPort: http}
    - {name: metrics, port: 9090}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: orders}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: orders
  annotations: {nginx.ingress.kubernetes.io/proxy-read-timeout: "60"}
spec:
  rules:
    - host: orders.example.com
      http:
        paths:
          - path: /
            pathType: Prefix
            backend: {service: {name: orders, port: {number: 80}}}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: orders}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: orders}
  minReplicas: 2
  maxReplicas: 5
`;

const OTHERS = `apiVersion: apps/v1
kind: StatefulSet
metadata: {name: store}
spec:
  serviceName: store
  selector: {matchLabels: {app: store}}
  template:
    metadata: {labels: {app: store}}
    spec:
      containers:
        - {name: store, image: "redis:7"}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: nightly}
spec:
  schedule: "0 3 * * *"
  jobTemplate:
    spec:
      template:
        spec:
          restartPolicy: Never
          containers:
            - name: run
              image: registry.example.com/nightly@sha256:${'a'.repeat(64)}
              env: [{name: A, value: "1"}]
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: canary}
spec:
  selector: {matchLabels: {app: canary}}
  template:
    metadata: {labels: {app: canary}}
    spec:
      containers:
        - {name: a, image: "registry.example.com/orders:1"}
        - {name: b, image: "registry.example.com/other:1"}
---
apiVersion: v1
kind: Service
metadata: {name: store}
spec: {clusterIP: None, selector: {app: store}, ports: [{port: 6379}]}
---
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: runner}
`;

const GENERATED = `configMapGenerator:
  - name: settings
    literals:
      - B=2
      - "TEXT=with spaces and = signs"
      - QUOTED="in quotes"
    envs: [app.env]
    files: [app.conf, renamed.conf=files/other.conf]
secretGenerator:
  - name: keys
    literals: [PASSWORD=x]
generatorOptions: {disableNameSuffixHash: true}
`;

/** A base with what kustomize treats each in its own way. */
export const BASE: Readonly<Record<string, string>> = {
  'base/kustomization.yaml': `resources:\n  - orders.yaml\n  - others.yaml\n${GENERATED}`,
  'base/orders.yaml': ORDERS,
  'base/others.yaml': OTHERS,
  'base/app.env': '# of the program\nDATABASE_HOST=db.example.com\n\nEMPTY=\n  TIMEOUT=30\n',
  'base/app.conf': 'a = 1\nb = 2\n',
  'base/files/other.conf': 'x',
};
