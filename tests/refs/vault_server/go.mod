module terrace/tests/vaultserver

go 1.21

require (
	github.com/hashicorp/vault v1.14.1
	github.com/hashicorp/vault-plugin-auth-kubernetes v0.16.0
	github.com/hashicorp/vault-plugin-secrets-kv v0.15.0
)
