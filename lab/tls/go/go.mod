module tlslab

go 1.24
