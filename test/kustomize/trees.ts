import { BASE } from './base.ts';

/** Made-up trees as teams write them: files by their paths; `build` names the folder to build. */
export interface Tree {
  name: string;
  build: string;
  files: Readonly<Record<string, string>>;
}

const overlay = (name: string, kustomization: string, files: Tree['files'] = {}): Tree => ({
  name,
  build: 'overlays/prod',
  files: {
    ...BASE,
    'overlays/prod/kustomization.yaml': `resources: [../../base]\n${kustomization}`,
    ...Object.fromEntries(Object.entries(files).map(([file, text]) => [`overlays/prod/${file}`, text])),
  },
});

export const TREES: readonly Tree[] = [
  { name: 'a base alone', build: 'base', files: BASE },
  overlay('names and namespace', 'namespace: prod\nnamePrefix: p-\nnameSuffix: -s\n'),
  overlay(
    'images and replicas',
    `images:
  - {name: registry.example.com/orders, newTag: "2.1"}
  - {name: envoyproxy/envoy, newName: mirror.example.com:5000/envoy, digest: "sha256:${'b'.repeat(64)}"}
  - {name: registry.example.com/nightly, newTag: v3}
  - {name: redis, newName: valkey/valkey}
replicas:
  - {name: orders, count: 7}
  - {name: store, count: 3}
`,
  ),
  overlay(
    'strategic-merge patches of every kind of list',
    `patches:
  - path: patch.yaml
  - patch: |-
      apiVersion: apps/v1
      kind: StatefulSet
      metadata:
        name: store
      spec:
        serviceName: null
        template:
          spec:
            $patch: replace
            containers:
              - {name: other, image: "other:1"}
  - patch: |-
      apiVersion: networking.k8s.io/v1
      kind: Ingress
      metadata: {name: orders}
      $patch: delete
`,
    {
      'patch.yaml': `apiVersion: apps/v1
kind: Deployment
metadata:
  name: orders
  annotations: {changed: "yes"}
spec:
  replicas: null
  template:
    spec:
      dnsConfig:
        options: [{name: ndots, value: "1"}]
      containers:
        - name: proxy
          $patch: delete
        - name: extra
          image: extra:1
        - name: orders
          args: ["--port", "80"]
          env:
            - {name: C, value: "3"}
            - {name: A, value: "2"}
          ports:
            - {containerPort: 8080, name: web}
            - {containerPort: 7070}
          volumeMounts: [{name: tmp, mountPath: /tmp}]
          resources: {limits: {cpu: 200m}}
      volumes:
        - name: tmp
          $patch: delete
---
apiVersion: v1
kind: Service
metadata: {name: orders}
spec:
  ports: [{port: 443, name: https}, {port: 80, name: http, targetPort: 8081}]
---
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: canary}
spec:
  template:
    spec:
      containers:
        - {name: a, image: "only:1"}
`,
    },
  ),
  overlay(
    'patches for targets',
    `namePrefix: p-
patches:
  - target: {kind: Deployment|StatefulSet, labelSelector: "app=orders"}
    patch: |-
      - op: replace
        path: /spec/template/spec/containers/0/image
        value: patched:1
      - {op: add, path: /spec/template/spec/containers/0/env/-, value: {name: LAST, value: x}}
      - {op: add, path: /spec/template/spec/containers/0/env/0, value: {name: FIRST, value: x}}
      - {op: remove, path: /spec/template/spec/dnsConfig/options/1}
      - {op: add, path: /metadata/annotations, value: {example.com/x: why}}
      - op: copy
        from: /spec/template/spec/containers/1/image
        path: /metadata/annotations/copied
      - {op: move, from: /spec/replicas, path: /spec/revisionHistoryLimit}
  - target: {group: apps, version: v1, name: sto.*}
    path: store.yaml
  - target: {kind: CronJob}
    patch: '[{"op": "add", "path": "/spec/suspend", "value": true}]'
  - target: {kind: Nothing}
    patch: |-
      - {op: remove, path: /nothing}
`,
    { 'store.yaml': 'kind: StatefulSet\nmetadata: {name: not-important}\nspec: {replicas: 4}\n' },
  ),
  overlay(
    'older words for patches',
    `patchesStrategicMerge:
  - patch.yaml
  - |-
    apiVersion: v1
    kind: Service
    metadata: {name: orders}
    spec: {type: NodePort}
    ---
    apiVersion: v1
    kind: ServiceAccount
    metadata:
      name: orders
      annotations:
        eks.amazonaws.com/role-arn: arn:aws:iam::1:role/orders
patchesJson6902:
  - target: {group: apps, version: v1, kind: Deployment, name: orders}
    path: six.json
commonLabels: {team: shop}
commonAnnotations: {owner: "shop"}
`,
    {
      'patch.yaml': 'apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: orders}\nspec: {paused: true}\n',
      'six.json':
        '[{"op": "replace", "path": "/spec/replicas", "value": 9}, {"op": "test", "path": "/spec/paused", "value": true}]',
    },
  ),
  overlay(
    'labels',
    `labels:
  - pairs: {a: one}
  - pairs: {b: two}
    includeSelectors: true
  - pairs: {c: three}
    includeTemplates: true
`,
  ),
  overlay(
    'generators that merge and replace',
    `namePrefix: p-
generatorOptions: {disableNameSuffixHash: true}
configMapGenerator:
  - name: settings
    behavior: merge
    literals: [B=changed, NEW=1]
  - name: own
    literals: [X=1]
patches:
  - patch: |-
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: orders}
      spec:
        template:
          spec:
            containers:
              - name: orders
                envFrom: [{configMapRef: {name: own}}]
`,
  ),
  {
    name: 'overlays of overlays with components',
    build: 'clusters/eu',
    files: {
      ...BASE,
      'prod/kustomization.yaml': `resources: [../base]
components: [../components/cache]
namePrefix: prod-
namespace: prod
patches:
  - patch: |-
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: orders}
      spec: {replicas: 4}
`,
      'components/cache/kustomization.yaml': `apiVersion: kustomize.config.k8s.io/v1alpha1
kind: Component
resources: [cache.yaml]
patches:
  - target: {kind: Deployment, name: orders}
    patch: |-
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: orders}
      spec:
        template:
          spec:
            containers: [{name: orders, env: [{name: CACHE, value: cache}]}]
`,
      'components/cache/cache.yaml':
        'apiVersion: v1\nkind: Service\nmetadata: {name: cache}\nspec: {selector: {app: cache}, ports: [{port: 1}]}\n',
      'clusters/eu/kustomization.yml': `bases:
  - ../../prod
nameSuffix: -eu
images: [{name: registry.example.com/orders, newTag: eu}]
patches:
  - patch: |-
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: prod-orders, namespace: prod}
      spec: {template: {spec: {priorityClassName: high}}}
  - patch: |-
      apiVersion: apps/v1
      kind: Deployment
      metadata: {name: orders}
      spec: {template: {spec: {dnsPolicy: ClusterFirst}}}
  - target: {kind: StatefulSet, name: prod-store}
    patch: |-
      - {op: add, path: /spec/replicas, value: 5}
`,
    },
  },
  {
    name: 'two of one base in one',
    build: 'all',
    files: {
      ...BASE,
      'a/kustomization.yaml': 'resources: [../base]\nnamePrefix: a-\nnamespace: a\n',
      'b/kustomization.yaml': 'resources: [../base]\nnamePrefix: b-\nnamespace: b\n',
      'all/kustomization.yaml': 'resources:\n- ../a/\n- ../b\ncommonLabels:\n  all: "true"\n',
    },
  },
];
