package identity

import (
	"context"
	"fmt"

	"github.com/weirhq/weir/internal/store"
)

// tellMember tells a member of what was done with their membership.
func (s *Service) tellMember(ctx context.Context, tx *store.Tx, p Principal, t store.EventType, member int64, message string) error {
	if s.news == nil {
		return nil
	}
	o, err := tx.Organization(ctx, p.Org)
	if err != nil {
		return err
	}
	return s.news.Tell(ctx, tx, store.Event{Org: p.Org, Type: t, Actor: p.User, Kind: "user", Resource: member, Name: o.Name,
		Message: message, To: []store.Addressee{{Kind: AccessorUser, Who: member}}})
}

// tellShared tells those with whom something was shared.
func (s *Service) tellShared(ctx context.Context, tx *store.Tx, p Principal, r store.Resource, with []Accessor) error {
	if s.news == nil || len(with) == 0 {
		return nil
	}
	to := make([]store.Addressee, len(with))
	for i, a := range with {
		to[i] = store.Addressee{Kind: a.Kind, Who: a.Who}
	}
	return s.news.Tell(ctx, tx, store.Event{Org: p.Org, Type: store.ResourceShared, Actor: p.User, Kind: r.Kind, Resource: r.ID, Name: r.Name,
		Message: fmt.Sprintf("%s shared the %s with you.", p.FullName, r.Kind), To: to})
}
