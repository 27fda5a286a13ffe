package flow

import (
	"context"
	"errors"
	"slices"

	"github.com/weirhq/weir/internal/store"
)

// CopyFlow makes a flow of its own with the same parts, also datasets that are
// made from others, with their rules, and gives its tree. None is active, and
// destinations that lead to a table of an original cannot be activated before
// they are given another place. What fails leaves no flow behind.
func (s *Service) CopyFlow(ctx context.Context, who Actor, root *Node, name string) (*Node, error) {
	src, err := s.CopySource(ctx, who, root.ID, name)
	if err != nil {
		return nil, err
	}
	copied, err := s.grow(ctx, src.Resource)
	if err != nil {
		return nil, err
	}
	for _, child := range root.Children {
		for _, twin := range copied.Children {
			if err == nil && child.Kind == twin.Kind && child.Type == twin.Type {
				err = s.copyBelow(ctx, who, child, twin.ID)
			}
		}
	}
	made, unread := s.grow(ctx, src.Resource)
	if err == nil || unread != nil {
		return made, errors.Join(err, unread)
	}
	return nil, errors.Join(err, s.DeleteFlow(ctx, who, made))
}

// copyBelow copies what hangs below a dataset, so that it hangs below another.
func (s *Service) copyBelow(ctx context.Context, who Actor, from *Node, to int64) error {
	for _, child := range from.Children {
		if child.Kind == store.KindDestination {
			original, err := s.Destination(ctx, who.Org, child.ID)
			if err == nil {
				_, err = s.copyDestination(ctx, who, original, "", to)
			}
			if err != nil {
				return err
			}
			continue
		}
		made, err := s.copyDerived(ctx, who, child.ID, to)
		if err == nil {
			err = s.copyBelow(ctx, who, child, made.ID)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// copyDerived makes of a dataset what another one was made of the original's
// parent, with the same rules.
func (s *Service) copyDerived(ctx context.Context, who Actor, id, parent int64) (*Dataset, error) {
	d, err := s.Dataset(ctx, who.Org, id)
	if err != nil {
		return nil, err
	}
	made, err := s.CreateDataset(ctx, who, DatasetInput{
		Common: Common{Name: copyName(d.Name, ""), Description: d.Description, Tags: slices.Clone(d.Tags), CopiedFrom: d.ID},
		Parent: parent, Rules: d.Rules, Transform: d.Transform,
	})
	if err != nil || len(d.Docs) == 0 {
		return made, err
	}
	return s.SetDocs(ctx, who, made.ID, slices.Clone(d.Docs))
}
