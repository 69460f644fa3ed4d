"""What a URL may say, and which addresses are everybody's."""

from ipaddress import ip_address

import pytest

from cloudmetrics.platform.outbound import AddressRefused, Outbound, UnfitUrl, host_of, is_public

pytestmark = pytest.mark.requirement("PL-18")


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "192.0.2.1",
        "198.18.0.1",
        "::1",
        "::",
        "fe80::1",
        "fd00:ec2::254",
        "fec0::1",
        "ff02::1",
        "2001:db8::1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b:1::a9fe:a9fe",
        "2002:7f00:1::",
        "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    ],
)
def test_what_is_not_everybodys_is_not_public(address):
    assert not is_public(ip_address(address))


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "::ffff:1.1.1.1"])
def test_what_is_everybodys_is_public(address):
    assert is_public(ip_address(address))


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",
        "ftp://hooks.example.com/",
        "https://",
        "https:///path",
        "https://user@hooks.example.com/",
        "https://user:password@hooks.example.com/",
        "https://hooks.example.com/#part",
        "https://hooks.example.com:0/",
        "https://hooks.example.com:99999/",
        "https://hooks.example.com\\@127.0.0.1/",
        "https://hooks.example.com/a b",
        "https://hooks.example.com/\r\nHost: other",
        "https://häuser.example/",
        "https://[::1",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://[fe80::1%25eth0]/",
        "https://169.254.169.254/latest/meta-data",
        "https://hooks.example.com/" + "a" * 2000,
    ],
)
def test_nothing_is_sent_to_an_unfit_url(url):
    with pytest.raises(UnfitUrl):
        host_of(url)


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("https://hooks.example.com/a?b=c", "hooks.example.com"),
        ("https://Hooks.Example.com:8443", "hooks.example.com"),
        ("https://1.1.1.1/", "1.1.1.1"),
        ("https://[2606:4700:4700::1111]/", "2606:4700:4700::1111"),
    ],
)
def test_the_host_of_a_fit_url_is_told(url, host):
    assert host_of(url) == host


@pytest.mark.parametrize("addresses", [["10.0.0.1"], ["1.1.1.1", "127.0.0.1"], []])
async def test_one_address_that_is_not_public_is_enough(addresses):
    async def resolver(host, port):
        return [ip_address(address) for address in addresses]

    with pytest.raises(AddressRefused):
        await Outbound(resolver=resolver).post("https://hooks.example.com/", {}, b"{}")


async def test_plain_http_is_never_spoken():
    with pytest.raises(UnfitUrl):
        await Outbound().post("http://hooks.example.com/", {}, b"{}")
