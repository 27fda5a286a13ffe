package server

import (
	"context"
	"time"

	"github.com/weirhq/weir/internal/audit"
	"github.com/weirhq/weir/internal/store"
)

// tellRestored says at each start that this database was brought back from a
// backup, and writes it into the audit log once.
func (s *Server) tellRestored(ctx context.Context, log *audit.Log, r store.Restored) error {
	if r.At == 0 {
		return nil
	}
	made := time.UnixMicro(r.Made).UTC().Format(time.RFC3339)
	s.config.Logger.WarnContext(ctx, "this database was restored from a backup: what was done between the two is not in it", "restored", r.Time().UTC().Format(time.RFC3339), "backup", made)
	if r.KeysBefore != 0 {
		s.config.Logger.WarnContext(ctx, "service keys from before the server was restored do nothing until they are confirmed: under Keys, or with weir keys confirm")
	}
	const action = "server.restored"
	_, told, err := s.store.AuditPage(ctx, store.AuditFilter{Action: action, From: r.At, Page: 1, Number: 1})
	if err != nil || told > 0 {
		return err
	}
	return log.Append(ctx, audit.Entry{Action: action, Detail: map[string]any{"backup": made}})
}
