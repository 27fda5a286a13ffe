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
// beside it stands the SHA-256 of where the batch lies and its bytes.

// fullBatch is how much one batch holds before compression.
const fullBatch = 256 << 10

// maxBatch is what a batch may unpack to; a single record may be as large as
// the largest page that is read.
const maxBatch = 1 << 30

// batch is a row of the log, without who wrote it and when.
type batch struct {
	dataset     DatasetID
	first, last weir.Position // the range it covers; compaction leaves holes
	count       int           // records
	bytes, hash []byte
}

// codec packs and unpacks batches; safe for concurrent use. It is not closed:
// without streams it holds nothing but memory, and a reader may still be at
// work when the database closes.
type codec struct {
	enc *zstd.Encoder
	dec *zstd.Decoder
}

func newCodec() (*codec, error) {
	// A window larger than a batch would only cost memory, 8 MB an encoder.
	enc, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(2), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false), zstd.WithWindowSize(fullBatch))
	if err != nil {
		return nil, err
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(2), zstd.WithDecoderMaxMemory(maxBatch))
	if err != nil {
		return nil, err
	}
	return &codec{enc: enc, dec: dec}, nil
}

// pack makes a batch of records whose positions are set, in order, from first
// on. Raw is scratch space, given back for the next call.
func (c *codec) pack(d DatasetID, first, last weir.Position, records []LogRecord, raw []byte) (b batch, scratch []byte) {
	raw = raw[:0]
	for i := range records {
		raw = appendRecord(raw, first, &records[i])
	}
	b = batch{dataset: d, first: first, last: last, count: len(records)}
	b.bytes = c.enc.EncodeAll(raw, make([]byte, 0, len(raw)/4))
	b.hash = b.digest()
	return b, raw
}

// errDamaged says that a batch is not what was written.
var errDamaged = errors.New("damaged")

// unpack is the inverse of pack; any deviation is errDamaged.
func (c *codec) unpack(b batch) ([]LogRecord, error) {
	if string(b.digest()) != string(b.hash) {
		return nil, errDamaged
	}
	raw, err := c.dec.DecodeAll(b.bytes, nil)
	if err != nil {
		return nil, errDamaged
	}
	return decodeRecords(raw, b.first, b.last, b.count)
}

// digest covers the place as well as the bytes: a batch in the wrong place
// is as wrong as one with a wrong byte.
func (b batch) digest() []byte {
	var place [32]byte
	for i, v := range [...]int64{int64(b.dataset), int64(b.first), int64(b.last), int64(b.count)} {
		binary.BigEndian.PutUint64(place[i*8:], uint64(v)) // #nosec G115 -- any bits do
	}
	h := sha256.New()
	h.Write(place[:])
	h.Write(b.bytes)
	return h.Sum(nil)
}

// recordSize is about how many bytes appendRecord adds.
func recordSize(r *LogRecord) int { return len(r.Key) + len(r.Data) + 32 }

func appendRecord(raw []byte, first weir.Position, r *LogRecord) []byte {
	raw = binary.AppendUvarint(raw, uint64(r.Position-first)) // #nosec G115 -- positions grow
	raw = binary.AppendUvarint(raw, uint64(len(r.Key)))
	raw = append(raw, r.Key...)
	raw = binary.AppendVarint(raw, r.Version)
	raw = append(raw, r.Hash[:]...)
	raw = append(raw, byte(deletedColumn(r.Deleted))) // #nosec G115 -- 0 or 1
	raw = binary.AppendUvarint(raw, uint64(len(r.Data)))
	return append(raw, r.Data...)
}

// decodeRecords takes count records apart. They share raw's memory.
func decodeRecords(raw []byte, first, last weir.Position, count int) ([]LogRecord, error) {
	d := decoder{raw: raw}
	var records []LogRecord
	at := first - 1
	for len(d.raw) > 0 {
		var r LogRecord
		distance := d.uvarint()
		r.Key = string(d.bytes(d.uvarint()))
		r.Version = d.varint()
		copy(r.Hash[:], d.bytes(uint64(len(r.Hash))))
		r.Deleted = string(d.bytes(1)) == "\x01"
		r.Data = d.bytes(d.uvarint())
		if d.bad || distance > uint64(last-first) { // #nosec G115 -- first ≤ last
			return nil, errDamaged
		}
		r.Position = first + weir.Position(distance) // #nosec G115 -- checked above
		if r.Position <= at {
			return nil, errDamaged
		}
		at = r.Position
		records = append(records, r)
	}
	if len(records) != count {
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
