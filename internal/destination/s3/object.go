package s3

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"io/fs"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// writerKey is the metadata that says which write an object came from.
const writerKey = "weir-write"

// Create implements file.Bucket. Each write has a mark of its own: whether an
// object under the name is from this write, its mark tells, whatever became of
// the answers.
func (b *Bucket) Create(ctx context.Context, name string, content io.ReadSeeker, size int64) error {
	mark := rand.Text()
	_, err := b.client.PutObject(ctx, &s3.PutObjectInput{
		Bucket: &b.name, Key: b.key(name), Body: content, ContentLength: &size, IfNoneMatch: aws.String("*"),
		Metadata: map[string]string{writerKey: mark},
	})
	if err == nil || !isTaken(err) && !isUnknown(err) {
		return b.explain(err)
	}
	// Taken may mean taken by a repetition of this very request.
	ask, cancel := context.WithTimeout(context.WithoutCancel(ctx), smallTimeout)
	defer cancel()
	there, asked := b.client.HeadObject(ask, &s3.HeadObjectInput{Bucket: &b.name, Key: b.key(name)})
	switch {
	case asked == nil && there.Metadata[writerKey] == mark:
		return nil
	case asked == nil:
		return fs.ErrExist
	case isTaken(err):
		return b.explain(asked)
	}
	return b.explain(err)
}

// Replace implements file.Bucket.
func (b *Bucket) Replace(ctx context.Context, name string, content []byte) error {
	ctx, cancel := context.WithTimeout(ctx, smallTimeout)
	defer cancel()
	_, err := b.client.PutObject(ctx, &s3.PutObjectInput{Bucket: &b.name, Key: b.key(name), Body: bytes.NewReader(content), ContentLength: aws.Int64(int64(len(content)))})
	return b.explain(err)
}

// Read implements file.Bucket.
func (b *Bucket) Read(ctx context.Context, name string, into io.Writer) error {
	out, err := b.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &b.name, Key: b.key(name)})
	if err != nil {
		return b.explain(err)
	}
	defer out.Body.Close()
	n, err := io.Copy(into, out.Body)
	if err == nil && out.ContentLength != nil && n != *out.ContentLength {
		err = io.ErrUnexpectedEOF
	}
	return b.explain(err)
}

// Exists implements file.Bucket.
func (b *Bucket) Exists(ctx context.Context, name string) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, smallTimeout)
	defer cancel()
	_, err := b.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.name, Key: b.key(name)})
	if err = b.explain(err); errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// List implements file.Bucket.
func (b *Bucket) List(ctx context.Context, prefix string, most int) ([]string, error) {
	in := &s3.ListObjectsV2Input{Bucket: &b.name, Prefix: b.key(prefix)}
	if most > 0 {
		in.MaxKeys = aws.Int32(int32(min(most, 1000))) // #nosec G115 -- at most 1000
	}
	var names []string
	for pages := s3.NewListObjectsV2Paginator(b.client, in); pages.HasMorePages(); {
		page, err := b.page(ctx, pages)
		if err != nil {
			return nil, err
		}
		for _, o := range page.Contents {
			names = append(names, strings.TrimPrefix(aws.ToString(o.Key), b.prefix))
		}
		if most > 0 && len(names) >= most {
			return names[:most], nil
		}
	}
	return names, nil
}

func (b *Bucket) page(ctx context.Context, pages *s3.ListObjectsV2Paginator) (*s3.ListObjectsV2Output, error) {
	ctx, cancel := context.WithTimeout(ctx, smallTimeout)
	defer cancel()
	page, err := pages.NextPage(ctx)
	return page, b.explain(err)
}

// Remove implements file.Bucket.
func (b *Bucket) Remove(ctx context.Context, name string) error {
	ctx, cancel := context.WithTimeout(ctx, smallTimeout)
	defer cancel()
	_, err := b.client.DeleteObject(ctx, &s3.DeleteObjectInput{Bucket: &b.name, Key: b.key(name)})
	if err = b.explain(err); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func (b *Bucket) key(name string) *string { return aws.String(b.prefix + name) }

// isNotFound reports an object that is not there, not a bucket.
func isNotFound(err error) bool {
	return errors.As(err, new(*types.NoSuchKey)) || errors.As(err, new(*types.NotFound))
}
