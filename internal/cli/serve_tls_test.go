package cli

import (
	"errors"
	"testing"

	"github.com/weirhq/weir"
)

func TestHalfOfACertificateIsNamedByTheFlagThatIsMissing(t *testing.T) {
	for missing, c := range map[string]serveCommand{"--tls-key": {TLSCert: "cert.pem"}, "--tls-cert": {TLSKey: "key.pem"}} {
		_, err := c.tls()
		var e *weir.Error
		if !errors.As(err, &e) || e.Where != missing || e.Remedy == "" {
			t.Errorf("without %s: %v", missing, err)
		}
	}
}
