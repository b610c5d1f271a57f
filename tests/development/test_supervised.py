"""What the tests of `gateway dev` stand on."""

from tests.development.supervised import BELOW_EPHEMERAL, free_ports


def test_no_port_is_given_to_two_parts_of_a_stack() -> None:
    ports = free_ports(20, among=BELOW_EPHEMERAL[:60])

    assert len(set(ports)) == 20
