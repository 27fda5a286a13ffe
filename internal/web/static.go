package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"strings"

	"github.com/weirhq/weir/internal/web/ui"
)

//go:embed static
var files embed.FS

// assetPrefix is where scripts and styles lie. Their names have the hash of
// what they hold, so browsers keep them for good.
const assetPrefix = "/assets/"

// The styles are one file and the scripts another, each in this order: a browser
// asks for two files before it paints, not for ten.
var (
	styles  = []string{"tokens.css", "base.css", "shell.css", "parts.css", "pages.css"}
	scripts = []string{"vendor/htmx.js", "vendor/hx-sse.js", "app.js", "tables.js", "live.js", "staged.js", "search.js", "unread.js", "link.js"}
)

// assets are all files that pages load.
type assets struct {
	byPath    map[string]asset
	addresses ui.Assets
}

type asset struct {
	kind            string
	plain, squeezed []byte
}

// loadAssets names and compresses what is embedded.
func loadAssets() (*assets, error) {
	a := &assets{byPath: map[string]asset{}}
	var err error
	if a.addresses.Style, err = a.join("weir.css", "text/css; charset=utf-8", styles); err != nil {
		return nil, err
	}
	if a.addresses.Script, err = a.join("weir.js", "text/javascript; charset=utf-8", scripts); err != nil {
		return nil, err
	}
	icon, err := files.ReadFile("static/weir.svg")
	if err != nil {
		return nil, err
	}
	a.addresses.Icon, err = a.add("weir.svg", "image/svg+xml", icon)
	return a, err
}

// join makes one file of several.
func (a *assets) join(name, kind string, parts []string) (address string, err error) {
	var whole bytes.Buffer
	for _, part := range parts {
		b, err := files.ReadFile("static/" + part)
		if err != nil {
			return "", err
		}
		whole.Write(b)
		whole.WriteByte('\n')
	}
	return a.add(name, kind, whole.Bytes())
}

func (a *assets) add(name, kind string, content []byte) (address string, err error) {
	sum := sha256.Sum256(content)
	ext := path.Ext(name)
	address = assetPrefix + strings.TrimSuffix(name, ext) + "-" + hex.EncodeToString(sum[:6]) + ext
	var b bytes.Buffer
	z, err := gzip.NewWriterLevel(&b, gzip.BestCompression)
	if err != nil {
		return "", err
	}
	if _, err := z.Write(content); err != nil {
		return "", err
	}
	if err := z.Close(); err != nil {
		return "", err
	}
	a.byPath[address] = asset{kind: kind, plain: content, squeezed: b.Bytes()}
	return address, nil
}

// ServeHTTP sends a file. It is public: there is nothing of anybody's in it.
func (a *assets) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	found, ok := a.byPath[r.URL.Path]
	if !ok {
		http.Error(w, "There is no such file.", http.StatusNotFound)
		return
	}
	h := w.Header()
	h.Set("Content-Type", found.kind)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Vary", "Accept-Encoding")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	body := found.plain
	if strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Encoding", "gzip")
		body = found.squeezed
	}
	_, _ = w.Write(body) // a browser that has gone needs no answer
}
