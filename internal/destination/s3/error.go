package s3

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"slices"

	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/smithy-go"

	"github.com/weirhq/weir"
)

// The Reasons of errors that say why a bucket cannot be used.
const (
	ReasonTLS         = "tls_failed"
	ReasonKey         = "key_unknown"
	ReasonSecret      = "password_wrong"
	ReasonBucket      = "bucket_unknown"
	ReasonRegion      = "region_wrong"
	ReasonPermission  = "no_permission"
	ReasonConditional = "no_conditional_writes"
)

// status is the status of the store's answer; 0 when there was none.
func status(err error) int {
	var answered *awshttp.ResponseError
	if errors.As(err, &answered) {
		return answered.HTTPStatusCode()
	}
	return 0
}

// isTaken reports the answer to a conditional write of a name that is taken.
func isTaken(err error) bool { return status(err) == http.StatusPreconditionFailed }

// isUnknown reports a write that may have happened: no answer, or one that
// says nothing of it.
func isUnknown(err error) bool {
	s := status(err)
	return s == 0 || s >= 500 || s == http.StatusConflict || s == http.StatusRequestTimeout
}

// meaning is what the store's codes mean to the user.
var meaning = []struct {
	codes           []string
	code            weir.Code
	reason          string
	message, remedy string
}{
	{[]string{"InvalidAccessKeyId", "InvalidToken", "ExpiredToken", "TokenRefreshRequired", "AccountProblem", "NotSignedUp"}, weir.CodeAuth, ReasonKey,
		"the store does not know this access key", "Copy the access key's id again, and check that it is of this store"},
	{[]string{"SignatureDoesNotMatch"}, weir.CodeAuth, ReasonSecret, "the secret access key is not that of the access key", "Copy the secret access key again"},
	{[]string{"RequestTimeTooSkewed"}, weir.CodeLocal, "", "this machine's clock is wrong by more than 15 minutes", "Set the clock"},
	{[]string{"NoSuchBucket", "InvalidBucketName"}, weir.CodeConfig, ReasonBucket, "there is no such bucket", "Create the bucket, or name another one"},
	{[]string{"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException", "TemporaryRedirect"}, weir.CodeConfig, ReasonRegion,
		"the bucket is in another region", "Give the region of the bucket"},
	{[]string{"AccessDenied", "AllAccessDisabled", "Forbidden"}, weir.CodeForbidden, ReasonPermission, "the access key may not do this in the bucket",
		"Allow it s3:GetObject, s3:PutObject and s3:DeleteObject on the objects and s3:ListBucket on the bucket"},
	{[]string{"NotImplemented"}, weir.CodeCapability, ReasonConditional, "the store does not offer conditional writes", "Use Amazon S3, or a release of your store that honours If-None-Match"},
	{[]string{"EntityTooLarge", "QuotaExceeded", "XMinioStorageFull"}, weir.CodeLocal, "", "the store has no room for this", "Make room there and run again; what is loaded stays"},
}

// explain turns an error of a request into one with a class and a remedy.
func (b *Bucket) explain(err error) error {
	var known *weir.Error
	var said smithy.APIError
	switch {
	case err == nil:
		return nil
	case errors.As(err, &known):
		return known // of who dialled
	case isNotFound(err):
		return fs.ErrNotExist
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case isTLS(err):
		return &weir.Error{Code: weir.CodeConfig, Reason: ReasonTLS, Where: b.shown, Message: "no trusted encrypted connection to the store", Remedy: "Check its certificate and the endpoint's address"}
	case errors.As(err, &said) && status(err) != 0:
		return b.explainSaid(said, status(err))
	case errors.As(err, new(*net.OpError)), errors.As(err, new(*net.DNSError)):
		return &weir.Error{Code: weir.CodeTransient, Where: b.shown, Message: "the store cannot be reached, or the connection was lost", Remedy: "Check the endpoint and the network; run again, it continues where it stopped"}
	}
	return &weir.Error{Code: weir.CodeTransient, Where: b.shown, Message: "the store did not answer as it should", Remedy: "Run again; it continues where it stopped"}
}

func (b *Bucket) explainSaid(said smithy.APIError, status int) error {
	for _, is := range meaning {
		if slices.Contains(is.codes, said.ErrorCode()) {
			return &weir.Error{Code: is.code, Reason: is.reason, Where: b.shown, Message: is.message, Remedy: is.remedy}
		}
	}
	e := &weir.Error{Code: weir.CodeConflict, Where: b.shown, Message: fmt.Sprintf("the store answered %d %s", status, plain(said.ErrorCode()))}
	switch {
	case status == http.StatusForbidden: // HEAD has no code
		e.Code, e.Reason = weir.CodeForbidden, ReasonPermission
	case status == http.StatusMovedPermanently:
		e.Code, e.Reason, e.Remedy = weir.CodeConfig, ReasonRegion, "Give the region of the bucket"
	case status >= 500, status == http.StatusTooManyRequests, status == http.StatusConflict, status == http.StatusRequestTimeout:
		e.Code, e.Remedy = weir.CodeTransient, "Run again; it continues where it stopped"
	}
	return e
}

// plain keeps a code that came from outside short and printable.
func plain(code string) string {
	out := make([]rune, 0, 40)
	for _, r := range code {
		if len(out) == cap(out) || r < '!' || r > '~' {
			break
		}
		out = append(out, r)
	}
	return string(out)
}

// isTLS reports an error of a handshake.
func isTLS(err error) bool {
	return errors.Is(err, http.ErrSchemeMismatch) || errors.As(err, new(*tls.CertificateVerificationError)) || errors.As(err, new(x509.UnknownAuthorityError)) ||
		errors.As(err, new(x509.HostnameError)) || errors.As(err, new(tls.RecordHeaderError)) || errors.As(err, new(tls.AlertError))
}
