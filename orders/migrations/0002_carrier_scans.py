
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('orders', '0001_tables'),
    ]

    operations = [
        migrations.AddField(
            model_name='shipment',
            name='carrier_scanned_at',
            field=models.DateTimeField(blank=True, help_text='Empty: only its supplier speaks of it.', null=True, verbose_name='last scan told by the carrier'),
        ),
        migrations.AddField(
            model_name='shipment',
            name='supplier_says',
            field=models.CharField(blank=True, choices=[('pending', 'announced'), ('label_created', 'label made'), ('in_transit', 'on its way'), ('out_for_delivery', 'out for delivery'), ('available_for_pickup', 'waiting for pick-up'), ('attempt_failed', 'delivery tried'), ('delivered', 'delivered'), ('exception', 'needs attention'), ('returning', 'on the way back'), ('returned', 'returned'), ('cancelled', 'void'), ('unknown', 'no news')], help_text='Where it contradicts the carrier, whose scans count for more.', max_length=30, verbose_name='its supplier says'),
        ),
        migrations.AddField(
            model_name='trackingevent',
            name='source',
            field=models.CharField(choices=[('supplier', 'supplier'), ('carrier', 'carrier')], default='supplier', max_length=10, verbose_name='told by'),
        ),
        migrations.AlterField(
            model_name='incomingevent',
            name='source',
            field=models.CharField(help_text='stripe, supplier:<slug> or carrier:<service>.', max_length=60, verbose_name='source'),
        ),
        migrations.AlterField(
            model_name='workitem',
            name='reason',
            field=models.CharField(choices=[('payment_unexpected', 'a payment does not fit its order'), ('payment_stuck', 'a payment is not decided'), ('decide_payment', 'an authorised payment must be decided'), ('overpaid', 'a customer paid too much'), ('refund_by_hand', 'money must be paid back by hand'), ('api_version', 'the payment provider speaks another version'), ('refund_failed', 'a refund failed'), ('refund_stuck', 'a refund does not arrive'), ('refund_approval', 'a refund waits for approval'), ('supplier_credit', 'a supplier owes us money'), ('order_held', 'an order is held'), ('dispute', "a customer's bank takes a payment back"), ('card_testing', 'somebody tries out stolen cards'), ('money_finding', "our books and Stripe's differ"), ('not_compared', "our books are not compared with Stripe's"), ('supplier_refused', 'a supplier refused an order'), ('supplier_silent', 'a supplier does not answer'), ('supplier_key', 'a supplier refuses our key'), ('supplier_garbage', "a supplier's answer makes no sense"), ('parcel_garbage', "a supplier's news of a parcel makes no sense"), ('supplier_hold', 'a supplier holds an order'), ('backordered', 'backordered goods do not come in'), ('not_sent', 'a supplier has not sent in time'), ('supplier_doubt', 'nobody knows whether a supplier has an order'), ('quarantined', 'set aside after failing again and again'), ('no_offer', 'no supplier has it'), ('cancellation_by_hand', 'a cancellation must be asked for by a person'), ('cancellation_silent', 'a cancellation has no answer in time'), ('cancelled_sent', 'cancelled goods were sent'), ('approval', 'goods wait for a pharmacist'), ('audit', 'something does not add up'), ('late', 'goods come late'), ('parcel_silent', 'a parcel does not move'), ('tracking_silent', "the carriers' scans are not told"), ('carrier_garbage', "a carrier's news of a parcel makes no sense"), ('parcel_trouble', 'a parcel needs attention'), ('parcel_back', 'a parcel comes back'), ('return_silent', 'a return does not move'), ('review_to_decide', 'a review waits to be read'), ('case_late', 'a case waits too long'), ('incoming_failed', 'a message from outside could not be worked on'), ('reaction_failed', 'a consequence keeps failing'), ('mail_failed', 'a mail cannot be sent')], max_length=30, verbose_name='reason'),
        ),
        migrations.AddIndex(
            model_name='shipment',
            index=models.Index(condition=models.Q(('supplier_says', ''), _negated=True), fields=['carrier_scanned_at'], name='shipment_contradicted'),
        ),
    ]
