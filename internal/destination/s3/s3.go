// Package s3 is a bucket of Amazon S3, or of another store that speaks its
// protocol, as a place of files: see file.Bucket, which it implements.
//
// All depends on one promise of the store: that a conditional write
// (If-None-Match: *) stores an object only when the name is free, whoever else
// is writing. Stores that ignore the condition are found out and refused.
//
//	s3.go      Open, Check, and what an address means
//	object.go  objects: created, replaced, read, listed, removed
//	error.go   what the store's answers mean
package s3

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"

	"github.com/weirhq/weir"
)

// Options say where the bucket is and who may use it.
type Options struct {
	Bucket   string
	Prefix   string // "" or a path of folders, without slashes at its ends
	Region   string // "" is us-east-1
	Endpoint string // "" is Amazon's; else such as https://minio.example:9000
	Key      string // the access key's id
	Secret   weir.Secret
	Session  weir.Secret // of a temporary key; zero for none
	// HTTP speaks to the store, and Plain to one without TLS.
	HTTP, Plain *http.Client
}

// Bucket is an open bucket. It is safe for concurrent use.
type Bucket struct {
	client *s3.Client
	name   string
	prefix string // "" or with a slash at its end
	shown  string
}

// The limits of a request. A file may take as long as it is large.
const (
	smallTimeout = 30 * time.Second // of everything that carries no file, with its repetitions
	attempts     = 4
)

// Look opens a bucket to read what is in it, and writes nothing.
func Look(o Options) (*Bucket, error) {
	b, err := o.bucket()
	if err == nil && (o.HTTP == nil || o.Plain == nil) {
		err = unreachable(b)
	}
	return b, err
}

// unreachable is the error of who gave no client.
func unreachable(b *Bucket) error {
	return &weir.Error{Code: weir.CodeInternal, Where: b.shown, Message: "nobody said how to reach the store"}
}

// Open opens a bucket and makes sure that it keeps its promise, for which it
// writes and removes one object of its own. The error's Reason says what is
// wrong.
func Open(ctx context.Context, o Options) (*Bucket, error) {
	b, err := Look(o)
	if err != nil {
		return nil, err
	}
	if err := b.Check(ctx); err != nil {
		return nil, err
	}
	return b, nil
}

// Validate checks the form of the bucket's name, prefix and endpoint. The
// error's Where is one of bucket, prefix and endpoint.
func (o Options) Validate() error {
	_, err := o.bucket()
	return err
}

func (o Options) bucket() (*Bucket, error) {
	wrong := func(where, message, remedy string) error {
		return &weir.Error{Code: weir.CodeConfig, Where: where, Message: message, Remedy: remedy}
	}
	if !validBucket(o.Bucket) {
		return nil, wrong("bucket", "this cannot be a bucket's name", "A bucket has 3 to 63 lower-case letters, digits, dots and hyphens")
	}
	if !validPrefix(o.Prefix) {
		return nil, wrong("prefix", "this cannot be a prefix", "Use letters, digits, and . _ - / between folders")
	}
	if o.Region == "" {
		o.Region = "us-east-1"
	}
	b := &Bucket{name: o.Bucket, prefix: strings.Trim(o.Prefix, "/"), shown: "s3://" + o.Bucket}
	if b.prefix != "" {
		b.shown += "/" + b.prefix
		b.prefix += "/"
	}
	client := o.HTTP
	settings := s3.Options{
		Region:      o.Region,
		Credentials: credentials.NewStaticCredentialsProvider(o.Key, o.Secret.Expose(), o.Session.Expose()),
		Retryer: retry.NewStandard(func(r *retry.StandardOptions) {
			r.MaxAttempts, r.MaxBackoff = attempts, 5*time.Second
			r.Retryables = append(r.Retryables, retry.RetryableHTTPStatusCode{Codes: map[int]struct{}{http.StatusConflict: {}}}) // two conditional writes at once
		}),
		Logger: logging.Nop{},
		// Trailing checksums are Amazon's own; the signature covers the content.
		RequestChecksumCalculation: aws.RequestChecksumCalculationWhenRequired,
		ResponseChecksumValidation: aws.ResponseChecksumValidationWhenRequired,
	}
	if o.Endpoint != "" {
		u, err := url.Parse(o.Endpoint)
		if err != nil || u.Hostname() == "" || u.User != nil || u.RawQuery != "" || strings.Trim(u.Path, "/") != "" || u.Scheme != "https" && u.Scheme != "http" {
			return nil, wrong("endpoint", "this is not an address", "Write it as https://host:9000")
		}
		if u.Scheme == "http" {
			client = o.Plain
		}
		settings.BaseEndpoint, settings.UsePathStyle = aws.String(u.Scheme+"://"+u.Host), true
		b.shown += " at " + u.Host
	}
	settings.UsePathStyle = settings.UsePathStyle || strings.Contains(o.Bucket, ".") // a dot has no certificate
	if client != nil {                                                               // nil to look at the form alone
		here := *client
		// A redirect would carry the request to another host than the one that was named.
		here.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		settings.HTTPClient = &here
	}
	b.client = s3.New(settings)
	return b, nil
}

func validBucket(name string) bool {
	return len(name) >= 3 && len(name) <= 63 && strings.Trim(name, "abcdefghijklmnopqrstuvwxyz0123456789.-") == "" && !strings.Contains(name, "..")
}

func validPrefix(prefix string) bool {
	for part := range strings.SplitSeq(strings.Trim(prefix, "/"), "/") {
		if part == "" && strings.Trim(prefix, "/") != "" || part == "." || part == ".." || part == "_weir" {
			return false
		}
		if strings.Trim(part, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-=") != "" {
			return false
		}
	}
	return len(prefix) <= 512
}

// Where implements file.Bucket.
func (b *Bucket) Where() string { return b.shown }

// Check makes sure that objects can be written, read, listed and removed, and
// that a name that is taken is not given twice.
func (b *Bucket) Check(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, smallTimeout)
	defer cancel()
	name := "_weir/.check-" + strings.ToLower(rand.Text()[:16])
	if err := b.Create(ctx, name, strings.NewReader("a"), 1); err != nil {
		return err
	}
	second := b.Create(ctx, name, strings.NewReader("b"), 1)
	var got bytes.Buffer
	read := b.Read(ctx, name, &got)
	_, listed := b.List(ctx, name, 1)
	if err := errors.Join(read, listed, b.Remove(ctx, name)); err != nil {
		return err
	}
	if errors.Is(second, fs.ErrExist) && got.String() == "a" {
		return nil
	}
	if second != nil && !errors.Is(second, fs.ErrExist) {
		return second
	}
	return &weir.Error{Code: weir.CodeCapability, Reason: ReasonConditional, Where: b.shown,
		Message: "this store ignores conditional writes (If-None-Match), so two writers could overwrite each other",
		Remedy:  "Use Amazon S3, or a release of your store that honours them, such as MinIO since 2024"}
}
