// A Vault server for tests: HashiCorp Vault's own core and HTTP handler, with its storage in memory.
//
// Vault's own `main` carries every storage, database and cloud plugin, and takes a quarter of an hour to build. This one
// has what the tests talk to: KV version 2, AppRole and Kubernetes.
package main

import (
	"fmt"
	"net"
	"net/http"
	"os"

	log "github.com/hashicorp/go-hclog"
	kubernetes "github.com/hashicorp/vault-plugin-auth-kubernetes"
	kv "github.com/hashicorp/vault-plugin-secrets-kv"
	"github.com/hashicorp/vault/builtin/credential/approle"
	vaulthttp "github.com/hashicorp/vault/http"
	"github.com/hashicorp/vault/internalshared/configutil"
	"github.com/hashicorp/vault/sdk/helper/consts"
	"github.com/hashicorp/vault/sdk/logical"
	"github.com/hashicorp/vault/sdk/physical/inmem"
	"github.com/hashicorp/vault/vault"
)

func main() {
	if err := serve(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve() error {
	logger := log.New(&log.LoggerOptions{Level: log.Warn, Output: os.Stderr})
	storage, err := inmem.NewInmem(nil, logger)
	if err != nil {
		return err
	}
	core, err := vault.NewCore(&vault.CoreConfig{
		Physical:        storage,
		DisableMlock:    true,
		Logger:          logger,
		BuiltinRegistry: compiled{"kv": true, "approle": true, "kubernetes": true},
		LogicalBackends: map[string]logical.Factory{"kv": kv.Factory},
		CredentialBackends: map[string]logical.Factory{
			"approle":    approle.Factory,
			"kubernetes": kubernetes.Factory,
		},
	})
	if err != nil {
		return err
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(listener.Addr())
	handler := vaulthttp.Handler.Handler(&vault.HandlerProperties{
		Core:           core,
		ListenerConfig: &configutil.Listener{Type: "tcp", Address: listener.Addr().String()},
	})
	return http.Serve(listener, handler)
}

// compiled tells of what is compiled in; there are no other plugins.
type compiled map[string]bool

func (c compiled) Contains(name string, _ consts.PluginType) bool { return c[name] }

func (c compiled) Get(name string, _ consts.PluginType) (func() (interface{}, error), bool) {
	return func() (interface{}, error) { return nil, nil }, c[name]
}

func (c compiled) Keys(consts.PluginType) []string { return nil }

func (c compiled) DeprecationStatus(name string, _ consts.PluginType) (consts.DeprecationStatus, bool) {
	return consts.Supported, c[name]
}

func (c compiled) IsBuiltinEntPlugin(string, consts.PluginType) bool { return false }
