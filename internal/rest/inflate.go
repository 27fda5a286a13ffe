package rest

import (
	"compress/gzip"
	"io"

	"github.com/weirhq/weir"
)

// counter counts the bytes that came over the wire.
type counter struct {
	r io.Reader
	n int64
}

// Read implements io.Reader.
func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// inflater inflates gzip and stops at a ratio no honest answer has: Go's
// reader alone inflates a thousandfold without asking.
type inflater struct {
	wire *counter
	z    *gzip.Reader
	out  int64
}

// Read implements io.Reader.
func (i *inflater) Read(p []byte) (n int, err error) {
	if i.z == nil {
		if i.z, err = gzip.NewReader(i.wire); err != nil {
			return 0, err
		}
	}
	n, err = i.z.Read(p)
	i.out += int64(n)
	if i.out > ratioFloor && i.out > ratioLimit*i.wire.n {
		return n, &weir.Error{Code: weir.CodeCapability, Where: "answer", Message: "its compressed body inflates beyond all reason"}
	}
	return n, err
}
