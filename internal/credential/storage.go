package credential

import (
	"context"
	"errors"
	"net/url"
	"strings"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/internal/destination/s3"
	"github.com/weirhq/weir/internal/destination/sqldb"
	"github.com/weirhq/weir/internal/netguard"
	"github.com/weirhq/weir/internal/store"
)

// Place is where a credential of a database, a bucket or files leads, and what
// opens it.
type Place struct {
	Credential *Credential
	Target     string        // the database's address, or the path of a file or directory
	SQL        sqldb.Options // for databases
	Bucket     s3.Options    // for buckets
}

// postgres is where a Postgres credential leads.
func (c *Credential) postgres(password weir.Secret) (target string, o sqldb.Options) {
	target, o = c.database(password)
	if schema := c.Settings[fieldSchema]; schema != "" {
		target += "&schema=" + url.QueryEscape(schema)
	}
	return target, o
}

// mysql is where a MySQL credential leads.
func (c *Credential) mysql(password weir.Secret) (target string, o sqldb.Options) {
	return c.database(password)
}

func (c *Credential) database(password weir.Secret) (target string, o sqldb.Options) {
	scheme, host, _ := strings.Cut(c.Origin, "://")
	u := url.URL{Scheme: scheme, User: url.User(c.Settings[fieldUser]), Host: host, Path: "/" + c.Settings[fieldDatabase]}
	u.RawQuery = url.Values{"sslmode": {c.Settings[fieldTLS]}}.Encode()
	return u.String(), sqldb.Options{Password: password, Alone: true}
}

// bucket is where an S3 credential leads.
func (s *Service) bucket(c *Credential, secret weir.Secret) s3.Options {
	return s3.Options{
		Bucket: c.Settings[fieldBucket], Prefix: c.Settings[fieldPrefix], Region: c.Settings[fieldRegion], Endpoint: c.Settings[fieldEndpoint],
		Key: c.Settings[fieldAccessKey], Secret: secret, HTTP: s.Storage.Client(false), Plain: s.Storage.Client(true),
	}
}

// placeBucket checks the form of an S3 credential and works out its origin.
func (c *Credential) placeBucket() error {
	c.Settings[fieldPrefix] = strings.Trim(c.Settings[fieldPrefix], "/")
	o := s3.Options{Bucket: c.Settings[fieldBucket], Prefix: c.Settings[fieldPrefix], Region: c.Settings[fieldRegion], Endpoint: c.Settings[fieldEndpoint]}
	if err := o.Validate(); err != nil {
		var e *weir.Error
		if errors.As(err, &e) {
			return refuse(e.Where, e.Message, e.Remedy)
		}
		return err
	}
	c.Origin = "https://s3." + c.Settings[fieldRegion] + ".amazonaws.com"
	if c.Settings[fieldEndpoint] == "" {
		return nil
	}
	u, err := url.Parse(c.Settings[fieldEndpoint])
	if err != nil {
		return refuse(fieldEndpoint, "this is not an address", "Write it as https://host:9000")
	}
	c.Origin = netguard.Origin(u)
	c.Settings[fieldEndpoint] = c.Origin
	return nil
}

// validateDatabase connects as a destination does, and asks for the right to
// make tables.
func (s *Service) validateDatabase(ctx context.Context, target string, o sqldb.Options) (found, error) {
	o.Dial = s.Storage.Dial
	if err := sqldb.Check(ctx, target, o); err != nil {
		return found{}, blameStorage(err, fieldHost, fieldPassword)
	}
	return found{status: StatusVerified}, nil
}

// blamed are the fields that the reasons of a database or a bucket are about.
var blamed = map[string]string{
	sqldb.ReasonPassword: fieldPassword, sqldb.ReasonDatabase: fieldDatabase,
	s3.ReasonKey: fieldAccessKey, s3.ReasonBucket: fieldBucket, s3.ReasonRegion: fieldRegion, s3.ReasonConditional: fieldEndpoint, netguard.ReasonAddress: "",
	sqldb.ReasonTLS: "", sqldb.ReasonPermission: "",
}

// blameStorage names the field that an error is about, and keeps its reason.
func blameStorage(err error, place, secret string) error {
	out := blame(err, place, secret)
	var was, e *weir.Error
	if !errors.As(err, &was) || !errors.As(out, &e) || was.Reason == "" {
		return out
	}
	field, known := blamed[was.Reason]
	switch {
	case !known:
		return out
	case was.Reason == sqldb.ReasonPassword:
		field, e.Remedy = secret, "Check the user and the password"
	case was.Reason == sqldb.ReasonPermission && place == fieldHost:
		field = fieldUser
	case was.Reason == sqldb.ReasonPermission:
		field = fieldAccessKey
	case was.Reason == sqldb.ReasonTLS && place == fieldHost:
		field = fieldTLS
	case field == "":
		field = place
	}
	e.Where, e.Reason = field, was.Reason
	return e
}

// places are the settings that say where a credential of a kind leads, besides
// its origin: what else there is says who asks, and how.
var places = []string{fieldDatabase, fieldSchema, fieldBucket, fieldPrefix, fieldPath}

// LeadsWith reports whether another credential, as it is stored, leads to the same
// place.
func (c *Credential) LeadsWith(r store.Resource) (bool, error) {
	as := &Credential{Resource: r}
	err := as.unpack()
	return err == nil && c.SamePlace(as), err
}

// SamePlace reports whether two credentials lead to one place, as far as their
// settings say: a host may have several names.
func (c *Credential) SamePlace(as *Credential) bool {
	if c.Org != as.Org || c.Type != as.Type || c.Origin != as.Origin {
		return false
	}
	for _, field := range places {
		if c.Settings[field] != as.Settings[field] {
			return false
		}
	}
	return true
}
