package core

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"time"
)

const (
	mediaEvents = "text/event-stream"
	longestLine = 16 << 20
)

// ServerSentEvent is an event of a stream. ID is what the stream goes on from.
type ServerSentEvent struct {
	Event string
	Data  string
	ID    string
}

// EventStream is a stream of events. A connection that breaks is made anew, from the last event on; a
// stream that the server ends is over.
type EventStream struct {
	client *Client
	call   Call
}

// NewEventStream makes the stream of a call. Nothing is asked for before it is ranged over.
func NewEventStream(client *Client, call Call) *EventStream {
	call.Accept = mediaEvents
	return &EventStream{client: client, call: call}
}

// All ranges over the events as they come. An error is the last that it gives.
func (s *EventStream) All(ctx context.Context) iter.Seq2[ServerSentEvent, error] {
	return func(yield func(ServerSentEvent, error) bool) {
		call, err := s.call.prepare()
		if err != nil {
			yield(ServerSentEvent{}, err)
			return
		}
		parser := &parser{}
		for failures := 0; ; failures++ {
			over, progress, err := s.connection(ctx, call, parser, yield)
			if over {
				return
			}
			if progress {
				failures = 0
			}
			var broken *ConnectionError
			if !errors.As(err, &broken) || failures >= s.client.MaxRetries {
				yield(ServerSentEvent{}, err)
				return
			}
			if err := sleep(ctx, parser.pause(s.client.jitter(failures))); err != nil {
				yield(ServerSentEvent{}, err)
				return
			}
		}
	}
}

// connection gives the events of one connection. It is over where the server or the caller ended it.
func (s *EventStream) connection(
	ctx context.Context, call *prepared, parser *parser, yield func(ServerSentEvent, error) bool,
) (over, progress bool, err error) {
	if parser.lastID != "" {
		call.header.Set("Last-Event-ID", parser.lastID)
	}
	answer, err := s.client.send(ctx, call, true)
	if err != nil {
		return false, false, err
	}
	defer answer.stream.Close()
	if answer.status == http.StatusNoContent {
		return true, false, nil
	}
	parser.begin()
	lines := bufio.NewScanner(answer.stream)
	lines.Buffer(nil, longestLine)
	lines.Split(splitLine)
	for lines.Scan() {
		event := parser.line(strings.ToValidUTF8(lines.Text(), "\uFFFD"))
		if event == nil {
			continue
		}
		progress = true
		if !yield(*event, nil) {
			return true, progress, nil
		}
	}
	return lines.Err() == nil, progress, lines.Err()
}

// splitLine finds lines that end with \n, \r or both. One that the stream ends within is none.
func splitLine(data []byte, atEOF bool) (int, []byte, error) {
	end := bytes.IndexAny(data, "\r\n")
	switch {
	case end < 0 && atEOF:
		return len(data), nil, nil
	case end < 0:
		return 0, nil, nil
	case data[end] == '\n':
		return end + 1, data[:end], nil
	case end+1 < len(data) && data[end+1] == '\n':
		return end + 2, data[:end], nil
	case end+1 == len(data) && !atEOF:
		// \n may still follow.
		return 0, nil, nil
	}
	return end + 1, data[:end], nil
}

// parser makes events of lines.
type parser struct {
	lastID  string
	retry   time.Duration
	retries bool
	first   bool
	event   string
	id      string
	data    []string
}

// begin says that a new connection begins: half an event of the last one is none.
func (p *parser) begin() {
	p.first, p.event, p.data, p.id = true, "", nil, p.lastID
}

func (p *parser) pause(usual time.Duration) time.Duration {
	if p.retries {
		return p.retry
	}
	return usual
}

// line takes a line, and gives the event that is whole with it, if one is.
func (p *parser) line(line string) *ServerSentEvent {
	if p.first {
		line, p.first = strings.TrimPrefix(line, "\uFEFF"), false
	}
	if line == "" {
		return p.dispatch()
	}
	name, value, _ := strings.Cut(line, ":")
	value = strings.TrimPrefix(value, " ")
	switch name {
	case "data":
		p.data = append(p.data, value)
	case "event":
		p.event = value
	case "id":
		if !strings.Contains(value, "\x00") {
			p.id = value
		}
	case "retry":
		if milliseconds, err := strconv.ParseUint(value, 10, 31); err == nil {
			p.retry, p.retries = time.Duration(milliseconds)*time.Millisecond, true
		}
	}
	return nil
}

func (p *parser) dispatch() *ServerSentEvent {
	event, data := orElse(p.event, "message"), p.data
	p.event, p.data, p.lastID = "", nil, p.id
	if data == nil {
		return nil
	}
	return &ServerSentEvent{Event: event, Data: strings.Join(data, "\n"), ID: p.lastID}
}
