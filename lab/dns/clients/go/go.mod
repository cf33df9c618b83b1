module kubelag.lab/goresolver

go 1.24
