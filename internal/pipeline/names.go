package pipeline

import (
	"fmt"
	"os"

	"github.com/go-json-experiment/json"

	"github.com/weirhq/weir/internal/connector"
	"github.com/weirhq/weir/internal/rest"
	"github.com/weirhq/weir/internal/store"
)

// ownerName tells people which process holds a source.
func ownerName() string {
	host, err := os.Hostname()
	if err != nil {
		host = "this machine"
	}
	return fmt.Sprintf("process %d on %s", os.Getpid(), host)
}

// sourceName is the stable identity of whose data this is.
func (f *Flow) sourceName() string {
	name := f.Connector.Name + " " + f.BaseURL + " account " + f.Account.ID
	if f.Name != "" {
		name += " " + f.Name
	}
	return name
}

// SourceSpec is what makes the flow's source in the store.
func (f *Flow) SourceSpec() store.SourceSpec {
	account := f.Account.ID
	if f.Name != "" {
		account += " " + f.Name
	}
	return store.SourceSpec{Org: f.Org, Connector: f.Connector.Name, Origin: f.BaseURL, Account: account, Resource: f.Resource}
}

// config is how an endpoint is read.
func (f *Flow) config(e *connector.Endpoint) (rest.Config, error) {
	if c, own := f.Configs[e.ID]; own {
		return c, nil
	}
	return f.Connector.Expand(e.ID, f.BaseURL, f.Params)
}

func marshal(v any) ([]byte, error) { return json.Marshal(v) }
