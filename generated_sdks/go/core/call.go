package core

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
)

const (
	mediaJSON = "application/json"
	keyHeader = "Idempotency-Key"
	// With the client's own and the credential there are rarely more.
	roomForHeaders = 8
)

// Call is what is asked, before anybody knows where and as whom.
type Call struct {
	Method string
	// Path has {} in the place of each of Segments.
	Path     string
	Segments []string
	// Params is a pointer to a struct whose tags say where each field goes; nil asks for nothing.
	Params any
	// Body says what becomes the body.
	Body BodyKind
	// MediaType is that of the body, JSON where it is empty.
	MediaType string
	// Accept is what the answer may be, JSON where it is empty.
	Accept string
	// Repeatable says that sending it twice does no harm.
	Repeatable bool
	// Keyed says that it takes an Idempotency-Key, which makes it repeatable. Without one it gets one.
	Keyed bool
}

// BodyKind says what the body of a call is made of.
type BodyKind int

const (
	// NoBody is the body of a call that has none.
	NoBody BodyKind = iota
	// Fields are those of the params that have a json tag.
	Fields
	// Whole is one value of the params, as JSON.
	Whole
	// Content is one value of the params, as it is.
	Content
)

// prepared is a call that is ready to be sent, as often as need be.
type prepared struct {
	method    string
	path      string
	query     url.Values
	header    http.Header
	body      []byte
	hasBody   bool
	keyed     bool
	mayRepeat bool
}

// prepare makes a request of a call. It fails with an ArgumentError before anything is sent.
func (call Call) prepare() (*prepared, error) {
	path, err := filled(call.Path, call.Segments)
	if err != nil {
		return nil, err
	}
	made := &prepared{method: call.Method, path: path, header: make(http.Header, roomForHeaders)}
	made.keyed = call.Keyed
	made.mayRepeat = call.Repeatable || call.Keyed || call.Method != http.MethodPost
	var value any
	if call.Params != nil {
		made.query = url.Values{}
		value = encode(call.Params, made.query, made.header)
	}
	switch call.Body {
	case NoBody:
	case Fields:
		made.body, err = fieldsOf(call.Params)
	case Whole:
		made.body, err = json.Marshal(value)
	case Content:
		made.body, _ = value.([]byte)
	}
	if err != nil {
		return nil, &ArgumentError{Message: err.Error()}
	}
	made.hasBody = call.Body != NoBody
	made.setHeaders(call)
	return made, nil
}

func (p *prepared) setHeaders(call Call) {
	p.header.Set("Accept", orElse(call.Accept, mediaJSON))
	if p.hasBody {
		p.header.Set("Content-Type", orElse(call.MediaType, mediaJSON))
	}
	if p.keyed && p.header.Get(keyHeader) == "" {
		p.header.Set(keyHeader, rand.Text())
	}
}

// target is path and query. A space is %20 there, which everybody reads alike.
func (p *prepared) target() string {
	if len(p.query) == 0 {
		return p.path
	}
	return p.path + "?" + strings.ReplaceAll(p.query.Encode(), "+", "%20")
}

// at is the same call for the page at a cursor, which is in the body where bodies have one.
func (p *prepared) at(cursor string, inBody bool) (*prepared, error) {
	next := *p
	if !inBody {
		next.query = url.Values{}
		for name, values := range p.query {
			next.query[name] = values
		}
		next.query.Set("cursor", cursor)
		return &next, nil
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(p.body, &fields); err != nil {
		return nil, err
	}
	var err error
	if fields["cursor"], err = json.Marshal(cursor); err != nil {
		return nil, err
	}
	next.body, err = json.Marshal(fields)
	return &next, err
}

// filled puts the segments into a path. One that is empty, or of dots, would lead to another path.
func filled(path string, segments []string) (string, error) {
	for _, segment := range segments {
		if segment == "" || segment == "." || segment == ".." {
			return "", &ArgumentError{Message: fmt.Sprintf("%q names nothing; an id is needed here", segment)}
		}
		path = strings.Replace(path, "{}", url.PathEscape(segment), 1)
	}
	return path, nil
}

// fieldsOf is the JSON of params, which is an empty object where there are none.
func fieldsOf(params any) ([]byte, error) {
	body, err := json.Marshal(params)
	if bytes.Equal(body, []byte("null")) {
		body = []byte("{}")
	}
	return body, err
}

func orElse(value, other string) string {
	if value == "" {
		return other
	}
	return value
}
