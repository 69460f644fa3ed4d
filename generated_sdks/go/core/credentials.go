package core

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// A token is not used in its last seconds, in which it might end on its way.
const tokenMargin = 30 * time.Second

// Credential is what a client shows to be let in: one header.
type Credential interface {
	// header gives name and value; other ones than the value that was refused, if there are any.
	header(ctx context.Context, client *Client, refused string) (name, value string, err error)
}

// apiKey is a key, which is the same for good.
type apiKey string

// NewAPIKey fails where no header could carry the key; the error does not show it.
func NewAPIKey(key string) (Credential, error) {
	key = strings.TrimSpace(key)
	if !sendable(key) {
		return nil, &ArgumentError{Message: "the API key has characters that no key has; was it copied whole?"}
	}
	return apiKey(key), nil
}

func (k apiKey) header(context.Context, *Client, string) (string, string, error) {
	return "Api-Key", string(k), nil
}

// clientCredentials is an OAuth 2 client. Its token is got when it is needed, and again before it ends.
type clientCredentials struct {
	basic string
	form  string
	// turn holds one token of its own: who has taken it may look at the fields below, or change them.
	turn  chan struct{}
	token string
	until time.Time
}

// NewClientCredentials encodes id and secret before they are joined, which RFC 6749 asks for.
func NewClientCredentials(id, secret string, scopes []string) Credential {
	pair := escaped(id) + ":" + escaped(secret)
	form := url.Values{"grant_type": {"client_credentials"}}
	if len(scopes) > 0 {
		form.Set("scope", strings.Join(scopes, " "))
	}
	return &clientCredentials{
		basic: "Basic " + base64.StdEncoding.EncodeToString([]byte(pair)),
		form:  form.Encode(),
		turn:  make(chan struct{}, 1),
	}
}

// header lets one caller get a token; the others wait, and use the one that it got.
func (c *clientCredentials) header(ctx context.Context, client *Client, refused string) (string, string, error) {
	select {
	case c.turn <- struct{}{}:
		defer func() { <-c.turn }()
	case <-ctx.Done():
		return "", "", ctx.Err()
	}
	if c.token == "" || c.token == refused || !time.Now().Before(c.until) {
		if err := c.renew(ctx, client); err != nil {
			return "", "", err
		}
	}
	return "Authorization", c.token, nil
}

func (c *clientCredentials) renew(ctx context.Context, client *Client) error {
	call := &prepared{method: http.MethodPost, path: "/oauth/token", body: []byte(c.form), hasBody: true}
	call.header = http.Header{
		"Authorization": {c.basic},
		"Content-Type":  {"application/x-www-form-urlencoded"},
		"Accept":        {mediaJSON},
	}
	for retry := 0; ; retry++ {
		err := c.request(ctx, client, call)
		pause, passes := client.pauseAfter(err, retry, true)
		if err == nil || !passes {
			return err
		}
		if err := sleep(ctx, pause); err != nil {
			return err
		}
	}
}

func (c *clientCredentials) request(ctx context.Context, client *Client, call *prepared) error {
	answer, err := client.attempt(ctx, call, false)
	if err != nil {
		return err
	}
	switch {
	case answer.status == http.StatusBadRequest, answer.status == http.StatusUnauthorized,
		answer.status == http.StatusForbidden:
		return tokenRefused(answer)
	case answer.status >= http.StatusMultipleChoices:
		return fromAnswer(answer)
	}
	return c.take(answer)
}

func (c *clientCredentials) take(answer *answer) error {
	got := struct {
		AccessToken string  `json:"access_token"`
		ExpiresIn   float64 `json:"expires_in"`
	}{ExpiresIn: 3600}
	err := json.Unmarshal(answer.body, &got)
	if err != nil || got.AccessToken == "" || !sendable(got.AccessToken) {
		return answer.invalid("no access token")
	}
	lasts := time.Duration(got.ExpiresIn * float64(time.Second))
	c.token = "Bearer " + got.AccessToken
	// A token that lasts less than the margin is used for half its time.
	c.until = time.Now().Add(max(lasts-tokenMargin, lasts/2))
	return nil
}

// tokenRefused is OAuth's own error, which is no problem document, as one.
func tokenRefused(answer *answer) error {
	var said struct {
		Error       string `json:"error"`
		Description string `json:"error_description"`
	}
	// What it says is worth showing; where it says nothing, its status does.
	_ = json.Unmarshal(answer.body, &said)
	body, err := json.Marshal(map[string]string{
		"code": strings.ToUpper(orElse(said.Error, "invalid_client")), "detail": said.Description,
	})
	if err != nil {
		return errors.Join(fromAnswer(answer), err)
	}
	problem := *answer
	problem.body = body
	return &TokenRefusedError{problemOf(&problem)}
}

func escaped(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

// sendable says whether a header can carry a secret.
func sendable(secret string) bool {
	for _, each := range []byte(secret) {
		if each <= ' ' || each > '~' {
			return false
		}
	}
	return secret != ""
}
