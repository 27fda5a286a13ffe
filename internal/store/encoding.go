package store

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"

	"github.com/klauspost/compress/zstd"

	"github.com/weirhq/weir"
)

// A batch of the log is zstd over its records, one after the other:
//
//	uvarint  position, as the distance from the batch's first
//	uvarint  length of the key, then the key
//	varint   version
//	16 bytes hash
//	1 byte   1 for a tombstone
//	uvarint  length of the data, then the data
//
// beside it stands the SHA-256 of the compressed bytes.

// batchBytes is how much one batch holds before compression.
const batchBytes = 256 << 10

var (
	compressor, _   = zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest))
	decompressor, _ = zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(1<<30))
)

// encode writes records from the front until a batch is full, and returns
// the batch, its hash, and how many went in.
func encode(records []LogRecord) (batch, hash []byte, n int) {
	first := records[0].Position
	raw := make([]byte, 0, batchBytes+batchBytes/8)
	for n < len(records) && (n == 0 || len(raw) < batchBytes) {
		r := records[n]
		raw = binary.AppendUvarint(raw, uint64(r.Position-first)) // #nosec G115 -- positions grow
		raw = binary.AppendUvarint(raw, uint64(len(r.Key)))
		raw = append(raw, r.Key...)
		raw = binary.AppendVarint(raw, r.Version)
		raw = append(raw, r.Hash[:]...)
		if r.Deleted {
			raw = append(raw, 1)
		} else {
			raw = append(raw, 0)
		}
		raw = binary.AppendUvarint(raw, uint64(len(r.Data)))
		raw = append(raw, r.Data...)
		n++
	}
	batch = compressor.EncodeAll(raw, nil)
	sum := sha256.Sum256(batch)
	return batch, sum[:], n
}

// errDamaged says that a batch is not what was written.
var errDamaged = errors.New("damaged")

// decode is the inverse of encode; any deviation is errDamaged.
func decode(batch, hash []byte, first weir.Position) ([]LogRecord, error) {
	if sum := sha256.Sum256(batch); string(sum[:]) != string(hash) {
		return nil, errDamaged
	}
	raw, err := decompressor.DecodeAll(batch, nil)
	if err != nil {
		return nil, errDamaged
	}
	var records []LogRecord
	d := decoder{raw: raw}
	for len(d.raw) > 0 && !d.bad {
		var r LogRecord
		r.Position = first + weir.Position(d.uvarint()) // #nosec G115 -- written by encode
		r.Key = string(d.bytes(d.uvarint()))
		r.Version = d.varint()
		copy(r.Hash[:], d.bytes(uint64(len(r.Hash))))
		r.Deleted = string(d.bytes(1)) == "\x01"
		r.Data = d.bytes(d.uvarint())
		records = append(records, r)
	}
	if d.bad {
		return nil, errDamaged
	}
	return records, nil
}

// decoder takes values off the front of raw; bad once something was missing.
type decoder struct {
	raw []byte
	bad bool
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.raw)
	d.skip(n)
	return v
}

func (d *decoder) varint() int64 {
	v, n := binary.Varint(d.raw)
	d.skip(n)
	return v
}

// skip drops the n bytes of a number; n ≤ 0 means there was none.
func (d *decoder) skip(n int) {
	if n <= 0 {
		d.bad, d.raw = true, nil
		return
	}
	d.raw = d.raw[n:]
}

func (d *decoder) bytes(n uint64) []byte {
	if n > uint64(len(d.raw)) {
		d.bad, d.raw = true, nil
		return nil
	}
	b := d.raw[:n:n]
	d.raw = d.raw[n:]
	return b
}
