package cli

import (
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/weirhq/weir"
	"github.com/weirhq/weir/client"
)

// notificationsCommand is `weir notifications`.
type notificationsCommand struct {
	List     notificationsList     `cmd:"" default:"withargs" help:"List what you were told, newest first."`
	Read     notificationsRead     `cmd:"" help:"Mark as read."`
	Channels notificationsChannels `cmd:"" help:"List the channels that you may use."`
	Test     notificationsTest     `cmd:"" help:"Send a message over a channel now, and say what came back."`
	Unsent   notificationsUnsent   `cmd:"" help:"List messages that were given up, or send one again."`
}

type notificationsList struct {
	remoteFlags
	All   bool   `help:"Also what was read."`
	Level string `help:"Only of this level: INFO, WARN, ERROR or RECOVERED." placeholder:"LEVEL"`
}

// Run lists them.
func (c notificationsList) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	query := url.Values{}
	if !c.All {
		query.Set("read", "0")
	}
	if c.Level != "" {
		query.Set("level", c.Level)
	}
	all, err := client.List[client.Notification](s.ctx, server, "/notifications", query)
	if err != nil {
		return err
	}
	return c.print(s, all, "ID\tWHEN\tLEVEL\tWHAT\tMESSAGE", func(w io.Writer) {
		for _, n := range all {
			what := n.Title
			if n.Name != "" {
				what += ": " + n.Name
			}
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\n", n.ID, minute(n.CreatedAt), n.Level, oneLine(what), oneLine(n.Message))
		}
	})
}

// longestCell is how much of a text a table shows, in characters: an error,
// with what to do about it at its end, has room.
const longestCell = 400

// oneLine makes a text that fits into a table: one line, without what a
// terminal would obey.
func oneLine(text string) string {
	out := []rune{}
	for _, r := range text {
		if len(out) == longestCell {
			return string(out) + "…"
		}
		if r < ' ' || r >= 0x7f && r < 0xa0 {
			r = ' '
		}
		out = append(out, r)
	}
	return string(out)
}

// minute is a time in UTC without its seconds.
func minute(text string) string {
	const long = len("2006-01-02T15:04")
	if len(text) <= long {
		return text
	}
	return text[:long] + "Z"
}

type notificationsRead struct {
	remoteFlags
	IDs []int64 `arg:"" optional:"" name:"id" help:"Ids of what was read."`
	All bool    `help:"All of it."`
}

// Run marks them.
func (c notificationsRead) Run(s *session) error {
	if c.All == (len(c.IDs) > 0) {
		return &weir.Error{Code: weir.CodeUsage, Where: "notifications read", Message: "it does not say which", Remedy: "Name ids, or --all"}
	}
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	if c.All {
		err = server.Call(s.ctx, http.MethodPut, "/notifications/mark_read?notification_id=all", nil, nil)
	} else {
		err = server.Call(s.ctx, http.MethodPut, "/notifications/mark_read", c.IDs, nil)
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(s.Stdout, "Marked as read.")
	return nil
}

const channelsNoun = "notification_channel_settings"

type notificationsChannels struct{ remoteFlags }

// Run lists them.
func (c notificationsChannels) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	all, err := client.List[client.ChannelSetting](s.ctx, server, "/"+channelsNoun, nil)
	if err != nil {
		return err
	}
	return c.print(s, all, "ID\tCHANNEL\tNAME\tSTATUS\tPROBLEM", func(w io.Writer) {
		for _, one := range all {
			fmt.Fprintf(w, "%d\t%s\t%s\t%s\t%s\n", one.ID, one.Channel, oneLine(one.Name), one.Status, oneLine(one.Problem))
		}
	})
}

type notificationsTest struct {
	remoteFlags
	ID int64 `arg:"" help:"Id of the channel."`
}

// Run tests it.
func (c notificationsTest) Run(s *session) error {
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	out, err := client.Do[client.ChannelTest](s.ctx, server, http.MethodPost, channelsNoun, c.ID, "test", nil)
	if err != nil {
		return err
	}
	if c.JSON {
		return printJSON(s.Stdout, out)
	}
	if !out.Delivered {
		return &weir.Error{Code: weir.CodeTransient, Where: fmt.Sprintf("channel %d", c.ID), Message: out.Message, Remedy: out.Remedy}
	}
	fmt.Fprintf(s.Stdout, "Delivered in %.1f s; the receiver answered %d.\n", out.Seconds, out.Status)
	return nil
}

type notificationsUnsent struct {
	remoteFlags
	ID int64 `arg:"" optional:"" help:"Id of the message to send again."`
}

// Run lists them, or sends one again.
func (c notificationsUnsent) Run(s *session) error {
	const noun = "notification_dispatches"
	server, err := c.dial(s)
	if err != nil {
		return err
	}
	if c.ID != 0 {
		if _, err := client.Do[client.Dispatch](s.ctx, server, http.MethodPost, noun, c.ID, "retry", nil); err != nil {
			return err
		}
		fmt.Fprintln(s.Stdout, "It is sent again.")
		return nil
	}
	all, err := client.List[client.Dispatch](s.ctx, server, "/"+noun, url.Values{"status": {"GIVEN_UP"}})
	if err != nil {
		return err
	}
	return c.print(s, all, "ID\tCHANNEL\tWHAT\tATTEMPTS\tGIVEN UP\tPROBLEM", func(w io.Writer) {
		for _, d := range all {
			fmt.Fprintf(w, "%d\t%s\t%s\t%d\t%s\t%s\n", d.ID, d.Channel, oneLine(d.Subject), d.Attempts, minute(d.EndedAt), oneLine(d.Error))
		}
	})
}
